import { assertEquals, assertMatch } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { stages } from "../../harness/durable_stage.ts";
import { heavy, testUnless } from "../../harness/left_out.ts";
import { runnable, runScript } from "../../harness/run_script.ts";
import { runtime } from "../../harness/runtime.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";
import { messageFor } from "../contract.ts";

for (const [engine, open] of stages) {
  /** What waits for a lock to run out: by default on the engine that every machine has. */
  const slow = engine === "Postgres" ? undefined : heavy;

  test(`createWorker() on ${engine} runs what an API queued, with attempts, timeouts and permanent failures`, async () => {
    await using durable = await open();
    await using worker = await durable.worker();
    assertEquals(await durable.add("work", "a", 0), 200);
    await durable.line("end a 1");
    await durable.add("flaky", "b", 3);
    await durable.line("end b 3");
    await durable.add("slow", "c");
    await durable.line("TaskTimeoutError c 1");
    await durable.add("flaky", "d", 0);
    await durable.line("start d 1");
    await durable.add("flaky", "e", 4);
    await durable.line("start e 3");
    await durable.add("work", "f", 0);
    await durable.line("end f 1");
    assertEquals(durable.log().filter((line) => !line.includes(" f ")), [
      ...["start a 1", "end a 1"],
      ...["start b 1", "start b 2", "start b 3", "end b 3"],
      ...["start c 1", "TaskTimeoutError c 1"],
      "start d 1",
      ...["start e 1", "start e 2", "start e 3"],
    ]);
    worker.kill("SIGTERM");
    assertEquals(await worker.exited, { code: 0, signal: null });
    assertMatch(
      worker.stderr,
      /Durable task "slow" failed:[^]*TaskTimeoutError/,
    );
    assertMatch(
      worker.stderr,
      /Durable task "flaky" failed:[^]*rror: hopeless/,
    );
  });

  test(`bullmq() on ${engine} has the job when the API is killed right after its answer`, async () => {
    await using durable = await open();
    const api = await durable.startApi();
    assertEquals(await durable.add("work", "a", 0), 200);
    api.kill("SIGKILL");
    await api.exited;
    await using _worker = await durable.worker();
    await durable.line("end a 1");
  });

  testUnless(
    slow,
    `createWorker() on ${engine} runs a task again whose worker was killed`,
    async () => {
      await using durable = await open();
      const victim = await durable.worker({ LOCK: "1000" });
      await durable.add("held", "a");
      await durable.line("start a 1");
      victim.kill("SIGKILL");
      await victim.exited;
      durable.release("a");
      await using _worker = await durable.worker({ LOCK: "1000" });
      await durable.line("end a 1");
      assertEquals(durable.log(), ["start a 1", "start a 1", "end a 1"]);
    },
  );

  testUnless(
    slow,
    `createWorker({ onTaskError }) on ${engine} is told of a task that takes its workers down`,
    async () => {
      await using durable = await open();
      const env = { LOCK: "1000", CRASH_RETRIES: "0", HOOK: "yes" };
      const victim = await durable.worker(env);
      await durable.add("work", "a", 20_000);
      await durable.line("start a 1");
      victim.kill("SIGKILL");
      await victim.exited;
      await using _worker = await durable.worker(env);
      await durable.line(
        "given up work 1 failed: job stalled more than allowable limit",
      );
    },
  );

  test(`createWorker() on ${engine} lets a task finish on SIGTERM, and exits with 0`, async () => {
    await using durable = await open();
    const worker = await durable.worker();
    await durable.add("work", "a", 500);
    await durable.line("start a 1");
    worker.kill("SIGTERM");
    assertEquals(await worker.exited, { code: 0, signal: null });
    assertEquals(durable.log(), ["start a 1", "end a 1"]);
  });

  test(`createWorker() on ${engine} abandons what is not over in time, by name, and exits with 1`, async () => {
    await using durable = await open();
    const worker = await durable.worker({ CLOSE_TIMEOUT: "50" });
    await durable.add("work", "a", 20_000);
    await durable.line("start a 1");
    worker.kill("SIGTERM");
    assertEquals((await worker.exited).code, 1);
    assertMatch(worker.stderr, /Durable task "work" [0-9a-f-]{36} was abandon/);
  });

  test(`createWorker() on ${engine} tells its observers of each attempt, and of what it abandons`, async () => {
    await using durable = await open();
    const worker = await durable.worker({ HOOK: "1", CLOSE_TIMEOUT: "50" });
    await durable.add("flaky", "a", 2);
    await worker.line("flaky 2 succeeded");
    await durable.add("work", "b", 20_000);
    await durable.line("start b 1");
    worker.kill("SIGTERM");
    await worker.exited;
    assertEquals(worker.lines.filter((line) => /^\w+ \d /.test(line)), [
      "flaky 1 failed",
      "flaky 2 succeeded",
      "work 1 abandoned",
    ]);
  });

  test(`createWorker() on ${engine} leaves a task it does not know for another worker`, async () => {
    await using durable = await open();
    await using worker = await durable.worker();
    await durable.add("news");
    await durable.add("work", "a", 0);
    await durable.line("end a 1");
    await worker.stop();
    assertMatch(worker.stderr, /Cannot run task "news": this worker does not/);
  });

  test(`bullmq() on ${engine} keeps one job for two requests with one key`, async () => {
    await using durable = await open();
    await using _worker = await durable.worker();
    for (const name of ["a", "b"]) {
      assertEquals(await durable.add("work?key=order:7", name, 0), 200);
    }
    await durable.add("work", "c", 0);
    await durable.line("end c 1");
    assertEquals(durable.log().filter((line) => line.includes(" b ")), []);
  });

  test(`createWorker() on ${engine} gives the key of a task free that has failed for good`, async () => {
    await using durable = await open();
    await using _worker = await durable.worker();
    await durable.add("flaky?key=order:7", "a", 0);
    await durable.line("start a 1");
    // the worker gives it free after the failure, which nobody is told
    while (!durable.log().includes("start b 1")) {
      await durable.add("flaky?key=order:7", "b", 0);
    }
  });

  test(`createWorker({ file }) on ${engine} tells of a task that takes its thread down`, async () => {
    await using durable = await open();
    const FILE = await runnable(
      "tests/apps/durable/thread.ts",
      runtime !== "deno",
    );
    const path = "tests/apps/durable/thread_worker.ts";
    await using worker = await durable.worker({ FILE }, path);
    await durable.add("die");
    const told = /Durable task "die" failed:[^]*exit code/i;
    await until(() => told.test(worker.stderr));
  });

  testUnless(
    slow,
    `createWorker({ file }) on ${engine} runs a task in a thread that burns CPU for longer than the lock, and tells onTaskError of one that fails there`,
    async () => {
      await using durable = await open();
      const FILE = await runnable(
        "tests/apps/durable/thread.ts",
        runtime !== "deno",
      );
      await using _worker = await durable.worker(
        { FILE },
        "tests/apps/durable/thread_worker.ts",
      );
      // a lock of a second also runs out where the machine is too busy to renew it
      let lines: string[] = [];
      for (let name = 0; name < 4 && lines.length !== 2; name++) {
        await durable.add("spin", `${name}`, 2_000);
        await durable.line(`end ${name} 1`);
        lines = durable.log().filter((line) => line.includes(` ${name} `));
      }
      assertEquals(lines.map((line) => line.split(" ")[0]), ["start", "end"]);
      await durable.add("flaky", "c", 0);
      await durable.line("given up flaky 1 failed: hopeless");
    },
  );
}

for (const { name, start, connection } of engines) {
  test(`TaskWorker.close() on ${name} abandons what runs, and not what the worker has put off`, async () => {
    await using engine = await start();
    const options = connection(engine.url);
    const queue = patientQueue(options);
    let started: () => void = () => {};
    const runs = new Promise<void>((resolve) => started = resolve);
    const hang = defineTask("hang", { queue }, ({ signal }) => {
      started();
      return new Promise((resolve) =>
        signal.addEventListener("abort", resolve)
      );
    });
    const worker = await createWorker({
      ...options,
      tasks: [hang],
      closeOnSignals: false,
    });
    const client = await queue.client();
    const messages = [
      messageFor(1, { task: "news" }),
      messageFor(2, { task: "hang", delay: 1 }),
    ];
    await consoleLines("error", async () => {
      await queue.enqueue(messages, { platform: undefined });
      await runs;
      while (await client.getDelayedCount() !== 1);
    });
    const { abandoned } = await worker.close({ timeout: 100 });
    assertEquals(abandoned.map((run) => run.name), ["hang"]);
    await queue.close();
  });

  test(`TaskWorker.close() on ${name} leaves nothing running, also behind a task that never ends`, async () => {
    await using engine = await start();
    await using script = await runScript("tests/apps/durable/abandoned.ts", {
      OPTIONS: JSON.stringify(connection(engine.url)),
    });
    assertEquals(await script.exited, { code: 0, signal: null });
    assertEquals([script.lines, script.stderr], [["abandoned: hang"], ""]);
  });

  test(`createWorker() on ${name} takes no error of a job for an outage of ${name}`, async () => {
    await using engine = await start();
    const options = { ...connection(engine.url), tasks: [] };
    const lines: string[] = [];
    const worker = await createWorker({ ...options, closeOnSignals: false });
    const fail = (message: string, code?: string): void =>
      void worker.client.emit(
        "error",
        Object.assign(new Error(message), { code }),
      );
    const errors = await consoleLines("error", async () => {
      await consoleLines("warn", () => {
        fail("Missing lock for job 7. moveToFinished");
        fail("read ECONNRESET", "ECONNRESET");
        fail("Missing lock for job 8. moveToFinished");
        fail("Connection is closed.");
      }, lines);
    });
    await worker.close();
    assertEquals(errors, [
      "Durable tasks: Missing lock for job 7. moveToFinished",
      "Durable tasks: Missing lock for job 8. moveToFinished",
    ]);
    assertEquals(lines, [
      `Durable tasks: ${name} is away, the worker waits for it: read ECONNRESET`,
    ]);
  });
}
