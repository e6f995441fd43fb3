/**
 * Memory over 1,000,000 tasks, and with 100,000 pending at once. Exits with 1 when the heap differs
 * by more than 5 % between 10 % and 100 % of the tasks.
 *
 * What is measured is what the tasks leave behind, not what the engine keeps of the code: half as
 * many tasks run before, so that it is compiled, and V8 is told to keep it.
 *
 * - `deno run -A --v8-flags=--expose-gc,--no-flush-bytecode bench/soak.ts [tasks]`
 * - `bun bench/soak.ts [tasks]`
 * - `node --expose-gc --no-flush-bytecode bench/soak.ts [tasks]` (Node 22.18 or newer, which runs
 *   TypeScript)
 *
 * @module
 */
import process from "node:process";
import {
  type BackgroundTasks,
  defineTask,
  TaskQueueFullError,
  TaskRunner,
  withBackgroundTasks,
} from "../mod.ts";

const TASKS = Number(process.argv[2] ?? 1_000_000);
const TASKS_A_REQUEST = 4;
const REQUESTS_AT_ONCE = 500;
const MAX_PENDING = 100_000;
const LIMIT = 0.05;

const { Bun, gc } = globalThis as {
  Bun?: { gc(force: boolean): void };
  gc?: () => void;
};

/** Collections in a row that must find nothing more. */
const COLLECTIONS = 10;

/** Bytes of the heap that are in use, once nothing more can be collected. */
async function heapUsed(): Promise<number> {
  let least = Infinity;
  for (let idle = 0; idle < COLLECTIONS; idle++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const used = process.memoryUsage().heapUsed;
    if (used < least * 0.999) idle = -1;
    least = Math.min(least, used);
  }
  return least;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

const withPolicy = defineTask(
  "with-policy",
  { timeout: 1_000, retry: { attempts: 2, delay: 1 } },
  ({ signal, attempt }) => {
    if (attempt === 1 && Math.random() < 0.01) throw new Error("again");
    return Promise.resolve(signal.aborted);
  },
);

/** One task of each kind: sync, async, with a policy, and one that fails or is cancelled. */
function addTasks(_request: Request, tasks: BackgroundTasks): Response {
  tasks.addTask(() => {});
  tasks.addTask(async () => await Promise.resolve());
  tasks.addTask(withPolicy);
  const last = tasks.addTask(() => Promise.reject(new Error("fails")));
  if (Math.random() < 0.5) last.cancel();
  return new Response("ok");
}

async function soak(): Promise<boolean> {
  let ended = 0;
  const observers = [{ onEnd: (): void => void ended++ }];
  const runner = new TaskRunner({ concurrency: 100, observers });
  const handler = withBackgroundTasks(addTasks, {
    runner,
    onTaskError: () => {},
  });
  const run = async (tasks: number): Promise<void> => {
    for (let added = 0; added < tasks;) {
      for (let i = 0; i < REQUESTS_AT_ONCE && added < tasks; i++) {
        await handler(new Request("http://localhost/"));
        added += TASKS_A_REQUEST;
      }
      await runner.drain();
    }
  };
  const cold = await heapUsed();
  await run(TASKS / 2);
  ended = 0;
  const started = performance.now();
  await run(TASKS / 10);
  const early = await heapUsed();
  await run(TASKS - TASKS / 10);
  const late = await heapUsed();
  const seconds = (performance.now() - started) / 1_000;
  const growth = late / early - 1;
  console.log(
    `${ended} tasks in ${seconds.toFixed(1)} s: heap ${megabytes(cold)} ` +
      `at the start, ${megabytes(early)} at 10 %, ${megabytes(late)} at the ` +
      `end (${(growth * 100).toFixed(2)} %)`,
  );
  return ended === TASKS && Math.abs(growth) <= LIMIT;
}

async function fill(): Promise<boolean> {
  const runner = new TaskRunner({ maxPending: MAX_PENDING });
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  const handler = withBackgroundTasks((_request, tasks) => {
    for (let i = 0; i < TASKS_A_REQUEST; i++) tasks.addTask(() => opened);
    return new Response("ok");
  }, { runner });
  const before = await heapUsed();
  let refused = 0;
  for (let i = 0; i < MAX_PENDING / TASKS_A_REQUEST + 1_000; i++) {
    try {
      await handler(new Request("http://localhost/"));
    } catch (error) {
      if (!(error instanceof TaskQueueFullError)) throw error;
      refused++;
    }
  }
  const { pending } = runner.stats();
  const full = await heapUsed();
  open();
  const { finished } = await runner.drain();
  const after = await heapUsed();
  console.log(
    `${pending} pending, ${refused} requests refused: ${
      ((full - before) / pending).toFixed(0)
    } bytes a task, heap ${megabytes(before)} before, ${
      megabytes(full)
    } full, ${megabytes(after)} after ${finished} had run`,
  );
  return pending === MAX_PENDING && refused === 1_000 && finished === pending;
}

const flat = await soak();
const bounded = await fill();
process.exitCode = flat && bounded ? 0 : 1;
