import { assertEquals, assertMatch } from "@std/assert";
import { type Stage, stages } from "../../harness/durable_stage.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import type { RunningProcess } from "../../harness/running_process.ts";
import { test } from "../../harness/test.ts";

const APP = "tests/apps/durable/signals.ts";
const TASK = { TASK: "500" };
const TASK_ENDS = "background task ends";
const OK = { code: 0, signal: null };

/** Starts the workers, and a durable task that takes so long. */
async function busy(
  durable: Stage,
  env: Record<string, string>,
  milliseconds = 500,
): Promise<RunningProcess> {
  const worker = await durable.worker(env, APP);
  await durable.add("work", "a", milliseconds);
  await durable.line("start a 1");
  return worker;
}

const open = stages.at(-1)?.[1]; // signals have nothing to do with the engine

if (noBullMQ !== undefined || open === undefined) {
  leaveOut("signals of createWorker()", noBullMQ ?? "there is no engine");
} else {
  const cases: [string, Record<string, string>][] = [
    ["beside an idle worker", { IDLE: "yes" }],
    ["beside drainOnShutdown()", { DRAIN: "20000" }],
    ["beside both", { DRAIN: "20000", IDLE: "yes" }],
  ];
  for (const [title, env] of cases) {
    test(`createWorker() ${title} ends the process when its task, and those of the process, have ended`, async () => {
      await using durable = await open();
      const worker = await busy(durable, { ...env, ...TASK });
      worker.kill("SIGTERM");
      assertEquals(await worker.exited, OK);
      assertEquals(durable.log(), ["start a 1", "end a 1"]);
      assertEquals(worker.lines.includes(TASK_ENDS), true);
    });
  }

  for (
    const env of [{}, { DRAIN: "20000" }, { DRAIN: "20000", CLOSED: "yes" }]
  ) {
    const title = Object.keys(env).join(" and ") || "nothing else";
    test(`createWorker() without a task does not end the process before its background tasks: ${title}`, async () => {
      await using durable = await open();
      const worker = await durable.worker({ ...env, ...TASK }, APP);
      worker.kill("SIGTERM");
      assertEquals(await worker.exited, OK);
      assertEquals(worker.lines.includes(TASK_ENDS), true);
    });
  }

  test("createWorker() beside drainOnShutdown() exits with 1 when it has abandoned a task", async () => {
    await using durable = await open();
    // Deno's own server ends by itself, and so the process may take all of DRAIN there
    const env = { CLOSE_TIMEOUT: "50", DRAIN: "5000", ...TASK };
    const worker = await busy(durable, env, 20_000);
    worker.kill("SIGTERM");
    assertEquals((await worker.exited).code, 1);
    assertEquals(worker.lines.includes(TASK_ENDS), true);
    assertMatch(worker.stderr, /Durable task "work" [0-9a-f-]{36} was abandon/);
  });

  test("createWorker() beside drainOnShutdown() abandons its task at the timeout of that, by name", async () => {
    await using durable = await open();
    const worker = await busy(durable, { DRAIN: "50" }, 20_000);
    worker.kill("SIGTERM");
    assertEquals((await worker.exited).code, 1);
    assertMatch(
      worker.stderr,
      /1 abandoned 50 ms after the signal: "work" \(1 running, 0 waiting\)/,
    );
  });

  test("createWorker() in a process that is ending takes no task", async () => {
    await using durable = await open();
    const worker = await durable.worker({ LATE: "yes", ...TASK }, APP);
    await durable.add("work", "a", 20_000);
    worker.kill("SIGTERM");
    assertEquals(await worker.exited, OK);
    assertEquals(worker.lines.includes(TASK_ENDS), true);
    assertEquals(durable.log(), []);
  });

  test("createWorker() that has closed listens for no signal", async () => {
    await using durable = await open();
    const worker = await durable.worker({ CLOSED: "y", TASK: "20000" }, APP);
    worker.kill("SIGTERM");
    assertEquals(await worker.exited, { code: null, signal: "SIGTERM" });
  });

  test("createWorker() exits at once at a second signal, which is not the first one once more", async () => {
    await using durable = await open();
    const worker = await busy(durable, {}, 20_000);
    const end = setInterval(() => worker.kill("SIGINT"), 100);
    assertEquals((await worker.exited).code, 130);
    clearInterval(end);
  });
}
