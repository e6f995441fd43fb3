/**
 * Reads an answer to its end, at a given speed: `body_client.ts <port> <path> <bytes a second>`,
 * and prints the milliseconds to its last byte.
 *
 * @module
 */
const [port = "", path = "", speed = ""] = Deno.args;
const bytesPerMillisecond = Number(speed) / 1_000;
using connection = await Deno.connect({ port: Number(port) });
const started = performance.now();
await connection.write(
  new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`),
);
// of a body without a length, the last chunk is the end
const END = new TextEncoder().encode("\r\n0\r\n\r\n");
const buffer = new Uint8Array(speed === "" ? 1 << 20 : 16_384);
let received = 0;
let length = Infinity;
let tail = new Uint8Array();
while (received < length) {
  const bytes = await connection.read(buffer);
  if (bytes === null) throw new Error("Cannot read: the server hung up");
  if (received === 0) length = lengthOf(buffer.subarray(0, bytes));
  received += bytes;
  if (length === Infinity && endsWithChunk(buffer.subarray(0, bytes))) break;
  if (speed === "") continue;
  const due = started + received / bytesPerMillisecond;
  const wait = due - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}
console.log(performance.now() - started);

/** Whether the last chunk of a chunked body has come; the body itself is all zeros. */
function endsWithChunk(bytes: Uint8Array): boolean {
  const joined = new Uint8Array([...tail, ...bytes.subarray(-END.length)]);
  tail = joined.slice(-END.length);
  return tail.every((byte, index) => byte === END[index]) &&
    tail.length === END.length;
}

function lengthOf(bytes: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(bytes);
  const match = /content-length: (\d+)/i.exec(text);
  if (match === null) return Infinity;
  return text.indexOf("\r\n\r\n") + 4 + Number(match[1]);
}
