import { type AddressInfo, createServer } from "node:net";
import { connect } from "./http_client.ts";

/** A port on 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** How often {@linkcode untilOpen} tries: longer than a test may take. */
const TRIES = 6_000;

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
