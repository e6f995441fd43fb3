import { connect } from "./http_client.ts";

/** Requests at once. */
const CLIENTS = 20;

/** Options of {@linkcode load}. */
export interface LoadOptions {
  /** How many requests to send. */
  readonly requests: number;
  /** Called once, when half of them were answered. */
  readonly halfway: () => void;
}

/**
 * Sends `POST /work/<id>` over connections that are kept alive, until all were sent or the server
 * takes no more.
 *
 * @param port The port on 127.0.0.1.
 * @param options How many.
 * @returns The ids that were answered with 200.
 */
export async function load(
  port: number,
  { requests, halfway }: LoadOptions,
): Promise<string[]> {
  const accepted: string[] = [];
  let sent = 0;
  async function client(): Promise<void> {
    while (sent < requests) {
      using connection = await connect(port);
      while (sent < requests) {
        const id = `request-${sent++}`;
        const options = { method: "POST", body: "" };
        const { status, headers } = await connection.request(
          `/work/${id}`,
          options,
        ).complete;
        if (status === 200) accepted.push(id);
        if (accepted.length === requests / 2) halfway();
        if (headers.get("connection") === "close") break;
      }
    }
  }
  // a client ends when its connection is cut, or refused
  await Promise.allSettled(Array.from({ length: CLIENTS }, client));
  return accepted;
}
