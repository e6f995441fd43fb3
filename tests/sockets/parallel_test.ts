import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "../../tools/bundle.ts";
import { bundlesFolder } from "../harness/bundles_folder.ts";
import { root } from "../../tools/project.ts";
import { request } from "../harness/http_client.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { leaveOut, noSignals } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

const workers = runtime === "deno" ? 2 : availableParallelism();

if (noSignals !== undefined) leaveOut("examples/parallel", noSignals);
else {
  testExample(`examples/parallel/${runtime}.ts`, async (server) => {
    const ready = (): string[] =>
      server.lines.filter((line) => line.endsWith("is ready"));
    await server.line(() => ready().length === workers);
  });
}

if (runtime === "deno") {
  testExample("examples/shutdown.ts", () => Promise.resolve());
} else leaveOut("examples/shutdown.ts", "its command is one of Deno");

/** Starts an example by its first line, and tells it to end in the middle of its tasks. */
function testExample(
  path: string,
  ready: (server: RunningProcess) => Promise<void>,
): void {
  test(`${path}: every mail goes out before the process ends`, async () => {
    const port = await freePort();
    await using server = new RunningProcess(await commandOf(path, port), {
      PORT: String(port),
      DENO_JOBS: String(workers),
    });
    await untilOpen(port);
    await ready(server);
    const names = Array.from({ length: 10 }, (_, index) => `reader-${index}`);
    for (const name of names) {
      const options = { method: "POST", body: "" };
      const { status } = await request(port, `/signup/${name}`, options);
      assertEquals(status, 200);
    }
    process.kill(server.pid, "SIGTERM");
    assertEquals(await server.exited, { code: 0, signal: null });
    const mails = server.lines.map((line) => /mail to (.*)/.exec(line)?.[1])
      .filter((name) => name !== undefined);
    assertEquals(mails.sort(), names);
  });
}

/** The command in the first line of an example; Node 20 runs no TypeScript, so there it is bundled. */
async function commandOf(path: string, port: number): Promise<string[]> {
  const [line = ""] = readFileSync(new URL(path, root), "utf8").split("\n");
  const [, command = ""] = /^\/\/ (.*?)(?: {2,}|$)/.exec(line) ?? [];
  const [program = "", ...args] = command.split(" ");
  assertEquals([program, args.at(-1)], [runtime, path]);
  if (runtime === "deno" && args[0] === "serve") {
    args.splice(1, 0, "--port", String(port));
  }
  if (runtime !== "node") return [process.execPath, ...args];
  const name = `parallel_${process.pid}`;
  await bundle({
    files: { [name]: fileURLToPath(new URL(path, root)) },
    folder: bundlesFolder(),
    target: "node",
  });
  return [process.execPath, `${bundlesFolder()}/${name}.mjs`];
}
