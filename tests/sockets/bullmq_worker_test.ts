import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { assertEquals, assertMatch } from "@std/assert";
import { runnable, runScript } from "../harness/run_script.ts";
import { startPostgres } from "../harness/postgres.ts";
import { hasRedis, startRedis } from "../harness/redis.ts";
import { runtime } from "../harness/runtime.ts";
import { serve, type Served } from "../harness/serve.ts";
import type { RunningProcess } from "../harness/running_process.ts";
import { test } from "../harness/test.ts";

/** An engine, an API in front of it, and the log its tasks write. */
interface Stage extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly api: Served;
  /** Starts a worker. */
  worker(env?: Record<string, string>, path?: string): Promise<RunningProcess>;
  /** Adds a task; returns the status of the answer. */
  add(task: string, ...args: unknown[]): Promise<number>;
  /** What the tasks wrote so far. */
  log(): string[];
  /** Resolves when a line is in the log. */
  line(wanted: string): Promise<void>;
}

const WORKER = "tests/apps/durable/worker.ts";

async function stage(
  engine: AsyncDisposable & { readonly url: string },
  variable: "REDIS_URL" | "DATABASE_URL",
): Promise<Stage> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-durable-`);
  const file = `${folder}/log`;
  const env = { [variable]: engine.url, LOG: file };
  const log = (): string[] => {
    try {
      return readFileSync(file, "utf8").trim().split("\n");
    } catch {
      return []; // no task has written yet
    }
  };
  if (variable === "DATABASE_URL") { // the first worker makes the tables
    const first = await runScript(WORKER, env);
    await first.line("ready");
    await first.stop();
  }
  const api = await serve("tests/apps/durable/api.ts", { env });
  return {
    env,
    api,
    log,
    async worker(more = {}, path = WORKER) {
      const worker = await runScript(path, { ...env, ...more });
      await worker.line("ready");
      return worker;
    },
    async add(task, ...args) {
      const response = await fetch(`${api.url}/${task}`, {
        body: JSON.stringify(args),
        method: "POST",
      });
      await response.body?.cancel();
      return response.status;
    },
    async line(wanted) {
      // Another process writes the file: there is no promise to wait for.
      while (!log().includes(wanted)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await api.stop();
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const engines: [string, () => Promise<Stage>][] = [
  [
    "Postgres",
    async () => stage(await startPostgres(), "DATABASE_URL"),
  ],
];
if (hasRedis) {
  engines.push(["Redis", async () => stage(await startRedis(), "REDIS_URL")]);
}
if (runtime === "workerd") engines.length = 0;

for (const [engine, open] of engines) {
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
    assertEquals(await durable.add("work", "a", 0), 200);
    durable.api.kill("SIGKILL");
    await durable.api.exited;
    await using _worker = await durable.worker();
    await durable.line("end a 1");
  });

  test(`createWorker() on ${engine} runs a task again whose worker was killed`, async () => {
    await using durable = await open();
    const victim = await durable.worker({ LOCK: "1000" });
    await durable.add("work", "a", 1_500);
    await durable.line("start a 1");
    victim.kill("SIGKILL");
    await victim.exited;
    await using _worker = await durable.worker({ LOCK: "1000" });
    await durable.line("end a 1");
    assertEquals(durable.log(), ["start a 1", "start a 1", "end a 1"]);
  });

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

  test(`createWorker({ file }) on ${engine} runs a task in a thread that burns CPU for longer than the lock`, async () => {
    await using durable = await open();
    const FILE = await runnable(
      "tests/apps/durable/thread.ts",
      runtime !== "deno",
    );
    await using _worker = await durable.worker(
      { FILE },
      "tests/apps/durable/thread_worker.ts",
    );
    await durable.add("spin", "a", 3_000);
    await durable.add("spin", "b", 0);
    await durable.line("end a 1");
    assertEquals(durable.log().filter((line) => line.includes(" a ")), [
      "start a 1",
      "end a 1",
    ]);
  });
}
