/**
 * A load generator for machines without `wrk`: `client.ts <port> <connections> <seconds>
 * <pause>`, where a connection rests for so many milliseconds after an answer, on average.
 *
 * @module
 */
const [port = 0, connections = 0, seconds = 0, pause = 0] = Deno.args.map(
  Number,
);
const request = new TextEncoder().encode(
  `GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
);
const latencies: number[] = [];
const started = performance.now();
const end = started + seconds * 1_000;

await Promise.all(Array.from({ length: connections }, client));

latencies.sort((a, b) => a - b);
console.log(JSON.stringify({
  requests: latencies.length,
  seconds: (performance.now() - started) / 1_000,
  errors: 0,
  p50: percentile(50),
  p99: percentile(99),
  p999: percentile(99.9),
}));

/** One connection. The first answer tells how long every answer is: they are all the same. */
async function client(): Promise<void> {
  using connection = await Deno.connect({ port });
  const buffer = new Uint8Array(65_536);
  let length = 0;
  while (performance.now() < end) {
    const sent = performance.now();
    await connection.write(request);
    let received = 0;
    do {
      const bytes = await connection.read(buffer.subarray(received));
      if (bytes === null) throw new Error("Cannot load: the server hung up");
      received += bytes;
      if (length === 0) length = lengthOf(buffer.subarray(0, received));
    } while (length === 0 || received < length);
    latencies.push(performance.now() - sent);
    if (pause > 0) await rest();
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) =>
    setTimeout(resolve, Math.random() * 2 * pause)
  );
}

/** The length of an answer with its head, or 0 while the head is incomplete. */
function lengthOf(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes);
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return 0;
  const match = /content-length: (\d+)/i.exec(text);
  if (match === null) throw new Error("Cannot load: no Content-Length");
  return head + 4 + Number(match[1]);
}

function percentile(percent: number): number | undefined {
  return latencies[Math.floor(latencies.length * percent / 100)];
}
