import { assertEquals } from "@std/assert";
import { availableParallelism } from "node:os";
import process from "node:process";
import { exampleCommand } from "../harness/example_command.ts";
import { request } from "../harness/http_client.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { signalTree } from "../harness/process_tree.ts";
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
  const signals = {
    "its first process is told to end": (pid: number) =>
      process.kill(pid, "SIGTERM"),
    // systemd does, and the first process hands the signal on
    "all its processes are told to end": (pid: number) =>
      signalTree(pid, "SIGTERM"),
  };
  for (const [when, signal] of Object.entries(signals)) {
    testEnd(path, when, ready, signal);
  }
}

function testEnd(
  path: string,
  when: string,
  ready: (server: RunningProcess) => Promise<void>,
  signal: (pid: number) => void,
): void {
  test(`${path}: every mail goes out when ${when}`, async () => {
    const port = await freePort();
    await using server = new RunningProcess(await exampleCommand(path, port), {
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
    signal(server.pid);
    assertEquals(await server.exited, { code: 0, signal: null });
    const mails = server.lines.map((line) => /mail to (.*)/.exec(line)?.[1])
      .filter((name) => name !== undefined);
    assertEquals(mails.sort(), names);
  });
}
