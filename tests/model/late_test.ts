/** What is added when everything before it has ended: what holds in whatever order that happens. */
import { assertEquals } from "@std/assert";
import {
  type BackgroundTasks,
  task,
  TaskRunner,
} from "@postlude/background-tasks";
import fc from "fast-check";
import { gate } from "../harness/gate.ts";
import { all } from "../harness/left_out.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { SEED } from "./seed.ts";

const PROGRAMS = all ? 3_000 : 200;

/** How many requests there are, each of which is over. */
const REQUESTS = 3;

/** Something that is added late, and what passes until the next thing is. */
const late = fc.record({
  request: fc.nat({ max: REQUESTS - 1 }),
  adds: fc.constantFrom(
    ...["task", "cancelled task", "group", "promise"] as const,
  ),
  passes: fc.constantFrom(...["nothing", "a microtask", "a turn"] as const),
});

/** Longer than anything of a program takes. */
const MOST_TURNS = 100;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** A request that is over, whose one task has ended. */
async function overRequest(runner: TaskRunner): Promise<BackgroundTasks> {
  const { tasks, respond } = openRequest({ runner });
  tasks.addTask(function first() {});
  await respond();
  await runner.drain();
  return tasks;
}

/** How many tasks of new requests the runner runs at once. */
async function runningAtOnce(
  runner: TaskRunner,
  most: number,
): Promise<number> {
  const blocked = gate();
  for (let i = 0; i < most; i++) {
    const { tasks, respond } = openRequest({ runner });
    tasks.addTask(() => blocked.opened);
    await respond();
  }
  let running = 0;
  for (let i = 0; i < MOST_TURNS && running < most; i++) {
    await turn();
    running = runner.stats().running;
  }
  blocked.open();
  await runner.drain({ timeout: 1_000 });
  return running;
}

test("tasks that are added when all had ended run in order, end once, and give each place of concurrency back", async () => {
  const program = fc.record({
    concurrency: fc.integer({ min: 1, max: REQUESTS }),
    additions: fc.array(late, { minLength: 1, maxLength: 12 }),
  });
  const property = fc.asyncProperty(
    program,
    async ({ concurrency, additions }) => {
      const ended: string[] = [];
      const runner = new TaskRunner({
        concurrency,
        observers: [{ onEnd: ({ name }) => void ended.push(name) }],
      });
      const requests: BackgroundTasks[] = [];
      while (requests.length < REQUESTS) {
        requests.push(await overRequest(runner));
      }
      ended.length = 0;

      const wanted = requests.map((): string[] => []);
      const ran = requests.map((): string[] => []);
      const added: string[] = [];
      for (const [index, { request, adds, passes }] of additions.entries()) {
        const tasks = requests[request]!;
        const named = (name: string): { [key: string]: () => void } => {
          added.push(name);
          return { [name]: () => void ran[request]!.push(name) };
        };
        const make = (name: string): () => void => named(name)[name]!;
        if (adds === "promise") {
          added.push(`${index}`);
          tasks.with({ name: `${index}` }).waitUntil(Promise.resolve());
        } else if (adds === "group") {
          const names = [`${index} a`, `${index} b`];
          wanted[request]!.push(...names);
          tasks.addGroup(...names.map((name) => task(make(name))));
        } else {
          const it = tasks.addTask(make(`${index}`));
          if (adds === "cancelled task") it.cancel();
          else wanted[request]!.push(`${index}`);
        }
        if (passes === "a microtask") await Promise.resolve();
        if (passes === "a turn") await turn();
      }
      const { abandoned } = await runner.drain({ timeout: 1_000 });
      assertEquals(abandoned, []);
      assertEquals(ran, wanted);
      assertEquals(ended.sort(), added.sort());
      assertEquals(await runningAtOnce(runner, concurrency), concurrency);
    },
  );
  const unhandled = await collectUnhandled(() =>
    fc.assert(property, { numRuns: PROGRAMS, seed: SEED })
  );
  assertEquals(unhandled, [], `POSTLUDE_SEED=${SEED}`);
});
