import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { BullMQConnection } from "@postlude/background-tasks/bullmq";
import { apiOf } from "../apps/durable/api_of.ts";
import { tasksOf } from "../apps/durable/tasks_of.ts";
import { engines } from "./bullmq_engines.ts";
import { leaveOut, noBullMQ } from "./left_out.ts";
import type { RunningProcess } from "./running_process.ts";
import { runScript } from "./run_script.ts";
import { serve, type Served } from "./serve.ts";
import type { TestEngine } from "./test_engine.ts";
import { until } from "./until.ts";

/** An engine, an API in front of it, in this process where nobody starts one, and the log its tasks write. */
export interface Stage extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** The engine, for a queue of the test's own. */
  readonly connection: BullMQConnection;
  /** Serves the API in a process of its own, which then adds the tasks. */
  startApi(): Promise<Served>;
  readonly engine: TestEngine;
  /** Starts a worker. */
  worker(env?: Record<string, string>, path?: string): Promise<RunningProcess>;
  /** Adds a task; returns the status of the answer. */
  add(task: string, ...args: unknown[]): Promise<number>;
  /** Lets a task `held` end. */
  release(name: string): void;
  /** What the tasks wrote so far. */
  log(): string[];
  /** Resolves when a line is in the log. */
  line(wanted: string): Promise<void>;
}

const WORKER = "tests/apps/durable/worker.ts";

async function stage(
  engine: TestEngine,
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
  const connection: BullMQConnection = variable === "REDIS_URL"
    ? { connection: engine.url }
    : { postgres: engine.url };
  const tasks = tasksOf(connection, file);
  const app = apiOf(tasks);
  let api: Served | undefined;
  return {
    env,
    connection,
    engine,
    async startApi() {
      return api = await serve("tests/apps/durable/api.ts", { env });
    },
    log,
    async worker(more = {}, path = WORKER) {
      const worker = await runScript(path, { ...env, ...more });
      await worker.line("ready");
      return worker;
    },
    async add(task, ...args) {
      const request = { body: JSON.stringify(args), method: "POST" };
      const response = api === undefined
        ? await app.request(`/${task}`, request)
        : await fetch(`${api.url}/${task}`, request);
      await response.body?.cancel();
      return response.status;
    },
    release: (name) => writeFileSync(`${file}.${name}`, ""),
    line: (wanted) => until(() => log().includes(wanted)),
    async [Symbol.asyncDispose](): Promise<void> {
      await api?.stop();
      await tasks.queue.close();
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The engines there are on this machine, each with a stage of its own per call. */
export const stages: readonly [string, () => Promise<Stage>][] = engines.map((
  { name, start },
) => [
  name,
  async () =>
    stage(
      await start(),
      name === "Postgres" ? "DATABASE_URL" : "REDIS_URL",
    ),
]);
if (noBullMQ !== undefined) {
  leaveOut("createWorker() on an engine, every case", noBullMQ);
}
