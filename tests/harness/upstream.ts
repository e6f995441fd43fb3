import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { atEnd } from "./at_end.ts";

const PAGE = Buffer.from("<p>a page</p>".repeat(1_000));
const BODIES: Readonly<Record<string, Uint8Array>> = {
  "/plain": PAGE,
  "/odd": PAGE,
  "/gzip": gzipSync(PAGE),
  "/large": new Uint8Array(16 * 1024 * 1024).fill(9),
};

/**
 * Starts a server in this process, for an app that passes its responses on: `/plain` and `/large`
 * state their length, `/gzip` that of its compressed body, `/chunked` none, and its second half
 * comes later; `/odd` has a
 * status that no app may make, and `/quiet` never ends. It ends with this process.
 *
 * @returns Its address, with a slash at the end.
 */
export async function startUpstream(): Promise<string> {
  const server = createServer(({ url }, response) => {
    response.setHeader("content-type", "text/html");
    if (url === "/quiet") return response.write(PAGE);
    if (url === "/chunked") {
      response.write(PAGE);
      setTimeout(() => response.end(PAGE), 50);
      return;
    }
    if (url === "/odd") response.statusCode = 999;
    if (url === "/gzip") response.setHeader("content-encoding", "gzip");
    const body = BODIES[url ?? ""];
    response.setHeader("content-length", body?.length ?? 0);
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  server.unref();
  await once(server, "listening");
  atEnd(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
