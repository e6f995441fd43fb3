import { assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import { noSignals, testUnless } from "../harness/left_out.ts";
import { runScript } from "../harness/run_script.ts";
import type { RunningProcess } from "../harness/running_process.ts";

const WARNING = "Background tasks: nothing keeps them alive on";

/** The lines of a handler that drains before it returns. */
const TASKS_FIRST = ["task one", "task two", "client hello", "settled 1"];

const start = (mode: string, name?: string): Promise<RunningProcess> =>
  runScript("tests/apps/lambda.ts", {
    MODE: mode,
    [name ?? "AWS_LAMBDA_FUNCTION_NAME"]: "signup",
  });

/** Waits until the handler has settled, and its process stands still. */
async function stopped(lambda: RunningProcess, settled: string): Promise<void> {
  await lambda.line(settled);
  const state = ["-o", "stat=", "-p", String(lambda.pid)];
  while (!execFileSync("ps", state, { encoding: "utf8" }).startsWith("T")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

testUnless(
  noSignals,
  "drain() before a Lambda handler returns: its tasks are done when the process is stopped",
  async () => {
    await using lambda = await start("drained");
    await stopped(lambda, "settled 1");
    assertEquals(lambda.lines, TASKS_FIRST);
    lambda.kill("SIGCONT");
    await stopped(lambda, "settled 2");
    assertEquals(lambda.lines.slice(4, 6), ["task one", "task two"]);
    lambda.kill("SIGCONT");
    assertEquals([(await lambda.exited).code, lambda.stderr], [0, ""]);
  },
);

testUnless(
  noSignals,
  "drain() inside streamifyResponse: the client has everything before the tasks, and they are done",
  async () => {
    await using lambda = await start("streamed");
    await stopped(lambda, "settled 1");
    assertEquals(lambda.lines, [
      "client hello",
      "task one",
      "task two",
      "settled 1",
    ]);
    lambda.kill("SIGKILL");
  },
);

testUnless(
  noSignals,
  "drain() before the handler returns a Response whose body it has read: its tasks are done",
  async () => {
    await using lambda = await start("read", "FUNCTIONS_WORKER_RUNTIME");
    await stopped(lambda, "settled 1");
    assertEquals(lambda.lines, TASKS_FIRST);
    lambda.kill("SIGKILL");
  },
);

for (
  const [variable, platform] of [
    ["AWS_LAMBDA_FUNCTION_NAME", "AWS Lambda"],
    ["FUNCTIONS_WORKER_RUNTIME", "Azure Functions"],
  ] as const
) {
  testUnless(
    noSignals,
    `warnIfStopped() says once on ${platform} that tasks stop with the handler, and they do`,
    async () => {
      await using lambda = await start("bare", variable);
      await stopped(lambda, "settled 1");
      assertEquals(lambda.lines, ["client hello", "settled 1"]);
      lambda.kill("SIGCONT");
      await stopped(lambda, "settled 2");
      lambda.kill("SIGKILL");
      await lambda.exited; // all that it has written is read
      assertEquals(
        lambda.stderr,
        `${WARNING} ${platform}: read the body, then await drain()\n`,
      );
    },
  );
}
