import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { connect } from "./http_client.ts";

/** Below those that a system gives to connections: none of them can take one that is free for now. */
const [FIRST_PORT, LAST_PORT] = [12_000, 32_000];

/** A port on 127.0.0.1 that nobody listens on, and that no other test of this run is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const share = Math.random() * (LAST_PORT - FIRST_PORT);
    const port = FIRST_PORT + Math.floor(share);
    if (reserve(port) && await canListen(port)) return port;
  }
}

/** Tests run side by side, in processes of their own: what they share is a folder. */
function reserve(port: number): boolean {
  const folder = process.env["POSTLUDE_BUNDLES"];
  if (folder === undefined) return true; // one process alone, such as a benchmark
  try {
    mkdirSync(`${folder}/port-${port}`);
    return true;
  } catch {
    return false;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (listens) await new Promise((resolve) => server.close(resolve));
  return listens;
}

/** How often {@linkcode untilOpen} tries: longer than a test may take. */
const TRIES = 60_000;

/**
 * Waits until a port takes connections, or refuses them.
 *
 * @param port The port on 127.0.0.1.
 * @param open Which of the two; `true` when left out.
 */
export async function untilOpen(port: number, open = true): Promise<void> {
  for (let i = 0; await isOpen(port) !== open; i++) {
    if (i === TRIES) throw new Error(`Cannot wait for port ${port} any longer`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function isOpen(port: number): Promise<boolean> {
  try {
    (await connect(port))[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}
