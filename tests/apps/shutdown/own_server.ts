/** Owns its server, on Deno, Bun and Node, and drains it on SIGTERM. */
import { serve } from "@hono/node-server";
import {
  drainOnShutdown,
  type StoppableServer,
} from "@postlude/background-tasks";
import process from "node:process";
import { prepareStop } from "../../../src/shutdown/stop_server.ts";
import { serve as serveWithSrvx } from "srvx";
import { runtime } from "../../harness/runtime.ts";
import { listening } from "../../harness/servers/app.ts";
import { app, KEPT, released } from "./app.ts";

/** The one member of Bun that this file touches. */
declare const Bun: {
  serve(options: {
    fetch: unknown;
    hostname: string;
    idleTimeout: number;
    port: number;
  }): { port: number; stop(): Promise<void> };
};

const hostname = "127.0.0.1";

function start(): StoppableServer {
  if (runtime === "deno") {
    return Deno.serve({
      hostname,
      port: 0,
      onListen: ({ port }) => listening(port),
    }, app.fetch);
  }
  if (runtime === "bun") {
    const server = Bun.serve({
      fetch: app.fetch,
      hostname,
      idleTimeout: 0,
      port: 0,
    });
    listening(server.port);
    return server;
  }
  return serve(
    { fetch: app.fetch, hostname, port: 0, serverOptions: KEPT },
    ({ port }) => listening(port),
  );
}

/** srvx listens for the signals itself, and cuts its connections after five seconds, unless told not to. */
async function startSrvx(): Promise<StoppableServer> {
  const server = serveWithSrvx({
    fetch: app.fetch,
    gracefulShutdown: false,
    hostname,
    node: KEPT,
    port: 0,
    silent: true,
  });
  await server.ready();
  listening(new URL(server.url ?? "").port);
  return server;
}

const server = process.env["SRVX"] === undefined ? start() : await startSrvx();

if (process.env["LATE"] !== undefined) await released("late");
const timeout = Number(process.env["TIMEOUT"]);
const bare = process.env["BARE"];
if (bare === undefined) {
  drainOnShutdown({ server, timeout });
  // timers are exact to a millisecond, and end early by up to one
  process.once("SIGTERM", () => {
    setTimeout(() => console.log("a second later"), 1_002);
  });
} else {
  if (bare !== "alone") process.once("SIGTERM", stopAsFrameworksDo);
  drainOnShutdown({ timeout });
}
if (process.env["RAISES"] !== undefined) process.on("SIGTERM", raiseAsNestDoes);
console.log("drains on shutdown");

/** Some exit when their server has stopped, most let the process end. */
async function stopAsFrameworksDo(): Promise<void> {
  await prepareStop(server)();
  if (bare === "exits") process.exit(0);
}

/** NestJS ends by the signal that it heard, when its own shutdown is over: here a second later. */
function raiseAsNestDoes(): void {
  setTimeout(() => {
    process.once("SIGWINCH", () => console.log("raised"));
    process.off("SIGTERM", raiseAsNestDoes);
    process.kill(process.pid, "SIGTERM");
    process.kill(process.pid, "SIGWINCH"); // heard after it
  }, 1_002);
}
