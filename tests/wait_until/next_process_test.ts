import { assertEquals } from "@std/assert";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { heavy, testUnless } from "../harness/left_out.ts";
import { buildNext, findNext, NEXT, nextStart } from "../harness/next.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { runtime } from "../harness/runtime.ts";

const ROUTES = {
  edge: `import { handler } from "../../handler.mjs";
export const runtime = "edge";
export const GET = handler({});`,
  after: `import { after } from "next/server";
import { handler } from "../../handler.mjs";
export const GET = handler({ waitUntil: (promise) => after(promise) });`,
  none: `import { handler } from "../../handler.mjs";
export const GET = handler({});`,
};

/** What holds the task back until the test says otherwise. */
interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the task waits. */
  readonly reached: Promise<ServerResponse>;
}

async function gate(): Promise<Gate> {
  let reach!: (response: ServerResponse) => void;
  const reached = new Promise<ServerResponse>((resolve) => reach = resolve);
  const server = createServer((_, response) => reach(response));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    reached,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Stops Next.js while a task waits; tells what was found, and whether the task came to its end.
 *
 * @param opens Whether the task may go on once Next.js takes no more requests, or never.
 */
async function stopWhileTaskWaits(
  route: keyof typeof ROUTES,
  opens: boolean,
): Promise<{ platform: string; ran: boolean }> {
  await using until = await gate();
  const port = await freePort();
  const { command, env } = nextStart(next ?? "", folder, port);
  await using server = new RunningProcess(command, env);
  await untilOpen(port);
  const query = new URLSearchParams({ until: until.url });
  const response = await fetch(`http://127.0.0.1:${port}/${route}?${query}`, {
    headers: { connection: "close" },
  });
  const platform = await response.text();
  const waiting = await until.reached;
  server.kill("SIGTERM");
  if (opens) {
    await untilOpen(port, false);
    waiting.end();
  }
  await server.exited;
  return { platform, ran: server.lines.includes("the task ran") };
}

const next = runtime === "node" && heavy === undefined ? findNext() : undefined;
// not in a test, which has a time limit
const folder = next === undefined
  ? ""
  : await buildNext(next, "tests/apps/next.ts", ROUTES);
const without = runtime !== "node"
  ? "Next.js runs on Node"
  : next === undefined
  ? heavy ?? `npm cannot fetch ${NEXT[0]}`
  : undefined;

testUnless(
  without,
  "next finds the waitUntil of Next.js in an edge route, and next start waits for the task when it is stopped",
  async () => {
    assertEquals(await stopWhileTaskWaits("edge", true), {
      platform: "next",
      ran: true,
    });
  },
);

testUnless(
  without,
  "withBackgroundTasks({ waitUntil }) hands a task to after() of Next.js, and next start waits for it when it is stopped",
  async () => {
    assertEquals(await stopWhileTaskWaits("after", true), {
      platform: "option",
      ran: true,
    });
  },
);

testUnless(
  without,
  "next finds nothing in a Node route of next start, which does not wait for the task",
  async () => {
    assertEquals(await stopWhileTaskWaits("none", false), {
      platform: "process",
      ran: false,
    });
  },
);
