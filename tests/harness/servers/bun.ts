/**
 * Serves an app on Bun: `bun tests/harness/servers/bun.ts <app>`.
 *
 * @module
 */
import process from "node:process";
import { endWithParent, listening, loadApp } from "./app.ts";

/** The few members of Bun that this file touches. */
declare const Bun: {
  serve(options: {
    fetch: (request: Request, server: unknown) => Response | Promise<Response>;
    hostname: string;
    idleTimeout: number;
    port: number;
    websocket?: unknown;
  }): { port: number };
};

endWithParent();
const app = await loadApp(process.argv[2]);

const server = Bun.serve({
  fetch: (request, server) => app.fetch(request, server),
  hostname: "127.0.0.1",
  idleTimeout: 0, // a client that pauses on purpose is not idle
  port: 0,
  ...(app.websocket === undefined ? {} : { websocket: app.websocket }),
});
listening(server.port);
