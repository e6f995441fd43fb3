-- PAUSE is how many milliseconds a connection rests after an answer, on average.
local pause = tonumber(os.getenv("PAUSE")) or 0
if pause > 0 then
  delay = function() return math.random(0, 2 * pause) end
end

-- Makes wrk print what it measured as one line of JSON.
done = function(summary, latency, requests)
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f,"p999":%f}\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.connect + summary.errors.read + summary.errors.write +
      summary.errors.status + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3))
end
