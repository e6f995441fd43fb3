/**
 * What a task costs without a network: `in_process.ts` on Deno, Bun or Node, which prints one line
 * of JSON. Times are CPU time in microseconds for each task, the request's own share included.
 *
 * @module
 */
import process from "node:process";
import {
  BackgroundTasks,
  type BackgroundTasksOptions,
  defineTask,
  drain,
  task,
  TaskRunner,
} from "@postlude/background-tasks";
import { work } from "./answer.ts";

const TASKS = Number(process.env["BENCH_TASKS"] ?? 300_000);
const PENDING = 1_000_000;
/** Tasks at once, as many as a busy server has in flight. */
const AT_ONCE = 1_000;

const plain = (tasks: BackgroundTasks): void =>
  void tasks.addTask(work, "ada@example.com");
const defined = defineTask("work", (_, to: string) => work(to));
const limited = defineTask(
  "work",
  { timeout: 5_000, retry: { attempts: 3 } },
  (_, to: string) => work(to),
);
const group = Array.from({ length: 10 });
const runner = new TaskRunner({ observers: [{ onEnd() {} }] });

const results = {
  "1 task a request": await cost(1, plain),
  "10 tasks a request": await cost(10, plain),
  "1,000 tasks a request": await cost(1_000, plain),
  "100,000 tasks a request": await cost(100_000, plain),
  "1,000 tasks, elapsed, over calling them": await elapsedOverCalling(),
  "by hand: a chain of 1,000 promises": await chain(1_000),
  "by hand: a chain of 100,000 promises": await chain(100_000),
  "a group of 10": await cost(
    10,
    (tasks) =>
      tasks.addGroup(...group.map(() => task(work, "ada@example.com"))),
    10,
  ),
  "defineTask, 1 a request": await cost(
    1,
    (tasks) => void tasks.addTask(defined, "ada@example.com"),
  ),
  "timeout and retry, 1 a request": await cost(
    1,
    (tasks) => void tasks.addTask(limited, "ada@example.com"),
  ),
  "an observer, 1 a request": await cost(1, plain, 1, { runner }),
  "bytes per pending task": await bytesPerTask(),
};
console.log(JSON.stringify(results));
process.exit(0); // the pending tasks never run

/** Adds and runs, twice: the first time is to warm up. */
async function cost(
  perRequest: number,
  add: (tasks: BackgroundTasks) => void,
  perCall = 1,
  options: BackgroundTasksOptions = {},
): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 4; round++) {
    const before = process.cpuUsage();
    for (let done = 0; done < TASKS;) {
      const batch = Math.max(AT_ONCE, perRequest);
      for (let added = 0; added < batch; added += perRequest) {
        const tasks = new BackgroundTasks(options);
        for (let i = 0; i < perRequest; i += perCall) add(tasks);
        tasks.runAfter(new Response(null));
      }
      done += batch;
      await drain();
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / TASKS);
  }
  return best;
}

/** Functions that wait for each other, and nothing else: how a runtime scales by itself. */
async function chain(length: number): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 4; round++) {
    const before = process.cpuUsage();
    for (let done = 0; done < TASKS; done += length) {
      const { promise, start } = startable();
      let tail = promise;
      for (let i = 0; i < length; i++) {
        tail = tail.then(() => work("ada@example.com"));
      }
      start();
      await tail;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / TASKS);
  }
  return best;
}

/** `Promise.withResolvers` for Node 20. */
function startable(): { promise: Promise<void>; start: () => void } {
  let start!: () => void;
  const promise = new Promise<void>((resolve) => start = resolve);
  return { promise, start };
}

/** Adding and running as the main thread sees it, less what calling the function takes. */
async function elapsedOverCalling(): Promise<number> {
  const rounds = Math.ceil(TASKS / AT_ONCE);
  const differences: number[] = [];
  for (let round = 0; round < rounds * 4; round++) {
    const called = await elapsedByCalling();
    const ran = await elapsedByTasks();
    if (round >= rounds) differences.push((ran - called) * 1_000 / AT_ONCE);
  }
  return differences.toSorted((a, b) => a - b)[differences.length >> 1]!;
}

async function elapsedByCalling(): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < AT_ONCE; i++) await work("ada@example.com");
  return performance.now() - before;
}

/** The time between the two, in which the timers of the response end are waited for, is left out. */
async function elapsedByTasks(): Promise<number> {
  const tasks = new BackgroundTasks();
  let started = 0;
  let ended = 0;
  const before = performance.now();
  tasks.addTask(() => void (started = performance.now()));
  for (let i = 0; i < AT_ONCE; i++) plain(tasks);
  tasks.addTask(() => void (ended = performance.now()));
  const added = performance.now() - before;
  tasks.runAfter(new Response(null));
  await drain();
  return added + ended - started;
}

/** A million tasks of one request that nobody runs. */
async function bytesPerTask(): Promise<number> {
  const tasks = new BackgroundTasks();
  const before = await heap();
  for (let i = 0; i < PENDING; i++) plain(tasks);
  return (await heap() - before) / PENDING;
}

/** Bytes in use after a collection. */
async function heap(): Promise<number> {
  const { Bun, gc } = globalThis as {
    Bun?: { gc(force: boolean): void };
    gc?(): void;
  };
  if (Bun !== undefined) {
    Bun.gc(true);
    const name = "bun:jsc";
    return (await import(name)).heapSize();
  }
  gc?.();
  return process.memoryUsage().heapUsed;
}
