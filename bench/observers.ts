/**
 * What watching costs a task: `deno run -A bench/observers.ts`.
 *
 * Rounds of each kind alternate, so that a machine that slows down slows all of them; the median of
 * the rounds counts. What the console writes goes to a function that does nothing: how fast a
 * terminal or a pipe takes it is not ours.
 *
 * @module
 */
import {
  BackgroundTasks,
  type TaskObserver,
  TaskRunner,
} from "@postlude/background-tasks";
import { consoleObserver } from "@postlude/background-tasks/observers";
import { devtools } from "@postlude/background-tasks/devtools";
import { otelObserver } from "@postlude/background-tasks/otel";

const ROUNDS = 41;
const REQUESTS = 500;
const TASKS = 10;

const empty: TaskObserver = {
  onAdd() {},
  onStart() {},
  onRetry() {},
  onEnd() {},
};
const kinds: Record<string, readonly TaskObserver[]> = {
  "none": [],
  "none, once more": [],
  "an empty one": [empty],
  "consoleObserver()": [consoleObserver()],
  'consoleObserver({ format: "json" })': [consoleObserver({ format: "json" })],
  "otelObserver() without an SDK": [otelObserver()],
};

/** Microseconds a task, from `addTask` to its end. */
async function round(observers: readonly TaskObserver[]): Promise<number> {
  const runner = new TaskRunner({ observers });
  const start = performance.now();
  for (let i = 0; i < REQUESTS; i++) {
    const tasks = new BackgroundTasks({ runner });
    for (let j = 0; j < TASKS; j++) tasks.addTask(work);
    tasks.runAfter(new Response());
  }
  await runner.drain();
  return (performance.now() - start) * 1_000 / (REQUESTS * TASKS);
}

function work(): void {}

async function measure(
  kinds: Record<string, readonly TaskObserver[]>,
): Promise<Record<string, string>> {
  const times = Object.keys(kinds).map((): number[] => []);
  const { log } = console;
  console.log = () => {};
  for (let i = 0; i < ROUNDS; i++) {
    for (const [index, observers] of Object.values(kinds).entries()) {
      times[index]?.push(await round(observers));
    }
  }
  console.log = log;
  return Object.fromEntries(
    Object.keys(kinds).map((name, index) => {
      const sorted = times[index]?.sort((a, b) => a - b) ?? [];
      return [name, `${sorted[sorted.length >> 1]?.toFixed(2)} µs a task`];
    }),
  );
}

console.table(await measure(kinds));
devtools(); // from here on every runner is watched
console.table(await measure({ "devtools()": [] }));
