/**
 * Next.js itself, in production mode. Its package is large, so it is fetched when it is needed, and
 * not a dependency.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "../../tools/bundle.ts";
import { root } from "../../tools/project.ts";
import { heavy, testUnless } from "../harness/left_out.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { runtime } from "../harness/runtime.ts";

const NEXT = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"];
const ENV = { NEXT_TELEMETRY_DISABLED: "1" };

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

/** Next.js' command, fetched by npm; `undefined` where npm cannot. */
function findNext(): string | undefined {
  const packages = NEXT.flatMap((name) => ["-p", name]);
  try {
    const found = execFileSync(
      "npx",
      ["-y", ...packages, "-c", "command -v next"],
      { encoding: "utf8" },
    );
    return realpathSync(found.trim());
  } catch {
    return undefined; // npm has said why
  }
}

/** Makes the app, and builds it; returns its folder. */
async function build(next: string): Promise<string> {
  const folder = mkdtempSync(`${tmpdir()}/postlude-next-`);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(
    dirname(dirname(dirname(dirname(next)))),
    `${folder}/node_modules`,
  );
  const files = { handler: fileURLToPath(new URL("tests/apps/next.ts", root)) };
  await bundle({ files, folder, target: "node" });
  // the packages are behind a link that leaves the folder
  const config = 'export default { turbopack: { root: "/" } };';
  writeFileSync(`${folder}/next.config.mjs`, config);
  for (const [route, source] of Object.entries(ROUTES)) {
    mkdirSync(`${folder}/app/${route}`, { recursive: true });
    writeFileSync(`${folder}/app/${route}/route.js`, source);
  }
  execFileSync(process.execPath, [next, "build"], {
    cwd: folder,
    env: { ...process.env, ...ENV },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return folder;
}

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
  const start = ["start", folder, "-H", "127.0.0.1", "-p", String(port)];
  await using server = new RunningProcess(
    [process.execPath, next ?? "", ...start],
    ENV,
  );
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
const folder = next === undefined ? "" : await build(next);
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
