/**
 * The runtime of AWS Lambda around `examples/frameworks/aws_lambda/app.ts`: it calls a handler once for
 * each page of `PAGES`, sends the answer to the port `CLIENT`, and is stopped when the handler has
 * settled. `HANDLER` names the handler.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";

/** Written at once: what waits in a buffer is stopped with the process. */
function log(line: string): void {
  writeSync(1, `${line}\n`);
}

// what the runtime defines: it marks the handler, and returns it
Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: <H>(handler: H): H => handler,
    HttpResponseStream: { from: (stream: Socket): Socket => stream },
  },
});
console.log = log;

type Handler = (...args: unknown[]) => Promise<{ body: string } | undefined>;
const app = await import("../../examples/frameworks/aws_lambda/app.ts");
const isStreamed = process.env["HANDLER"] === "streamed";
const handler = (isStreamed ? app.streamed : app.handler) as Handler;

for (const page of process.env["PAGES"]?.split(",") ?? []) {
  const event = {
    version: "2.0",
    routeKey: "$default",
    rawPath: `/${page}`,
    rawQueryString: "",
    headers: {},
    isBase64Encoded: false,
    requestContext: {
      domainName: "localhost",
      http: { method: "GET", path: `/${page}` },
    },
  };
  const client = connect(Number(process.env["CLIENT"]), "127.0.0.1");
  await once(client, "connect");
  const result = await handler(event, ...isStreamed ? [client, {}] : [{}]);
  if (!isStreamed) client.end(result?.body ?? "");
  log(`settled: ${page}`);
  process.kill(process.pid, "SIGSTOP");
}
