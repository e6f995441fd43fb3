import { assertEquals, assertStrictEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  BackgroundTasks,
  defineTask,
  type TaskObserver,
  TaskRunner,
} from "@postlude/background-tasks";
import { consoleLines } from "../harness/console_lines.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { test } from "../harness/test.ts";

const storage = new AsyncLocalStorage<string>();

/** Runs the tasks of one request, and tells what became of them. */
async function run(
  observers: TaskObserver[],
  add: (tasks: BackgroundTasks) => void,
): Promise<string[]> {
  const ends: string[] = [];
  const runner = new TaskRunner({
    observers: [...observers, {
      onEnd: ({ name, status, error }) =>
        ends.push([name, status, error].filter(Boolean).join(" ")),
    }],
  });
  const tasks = new BackgroundTasks({ runner, onTaskError: () => {} });
  add(tasks);
  tasks.runAfter(new Response());
  await runner.drain();
  return ends;
}

test("TaskObserver.around() lets each attempt see what it enters, and nothing else", async () => {
  const seen: string[] = [];
  const see = async (name: string): Promise<void> => {
    seen.push(`${name}: ${storage.getStore()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(`${name} later: ${storage.getStore()}`);
  };
  const flaky = defineTask(
    "flaky",
    { retry: { attempts: 2, delay: 0 } },
    async ({ attempt }) => {
      await see("flaky");
      if (attempt === 1) throw new Error("once");
    },
  );
  const around: TaskObserver["around"] = (run, attempt) =>
    storage.run(`${run.name} #${run.attempt} ${run.status}`, attempt);
  const ends = await run([{ around }], (tasks) => {
    tasks.addTask(flaky);
    tasks.addTask(see, "plain");
  });
  assertEquals(seen, [
    "flaky: flaky #1 running",
    "flaky later: flaky #1 running",
    "flaky: flaky #2 running",
    "flaky later: flaky #2 running",
    "plain: see #1 running",
    "plain later: see #1 running",
  ]);
  assertEquals(ends, ["flaky succeeded", "see succeeded"]);
});

test("TaskObserver.around() of several observers: the first is outermost", async () => {
  const events: string[] = [];
  const around = (name: string): TaskObserver => ({
    around: (_run, attempt) => {
      events.push(`${name} in`);
      attempt();
      events.push(`${name} out`);
    },
  });
  await run([around("first"), around("second")], (tasks) => {
    tasks.addTask(() => events.push("task"));
  });
  assertEquals(events, [
    "first in",
    "second in",
    "task",
    "second out",
    "first out",
  ]);
});

test("TaskObserver.around() changes neither what a task throws nor how often it runs", async () => {
  const error = new Error("of the task");
  const thrown: unknown[] = [];
  let runs = 0;
  const twice: TaskObserver["around"] = (_run, attempt) => {
    attempt();
    attempt();
  };
  const runner = new TaskRunner({
    observers: [{ around: twice, onEnd: (run) => thrown.push(run.error) }],
  });
  const tasks = new BackgroundTasks({ runner, onTaskError: () => {} });
  tasks.addTask(() => {
    runs++;
    throw error;
  });
  tasks.runAfter(new Response());
  await runner.drain();
  assertEquals(runs, 1);
  assertStrictEquals(thrown[0], error);
});

test("TaskObserver.around() that throws, rejects or forgets the attempt harms nobody", async () => {
  const ran: string[] = [];
  let ends: string[] = [];
  let unhandled: unknown[] = [];
  const errors = await consoleLines("error", async () => {
    unhandled = await collectUnhandled(async () => {
      ends = await run(
        [
          {
            around: () => {
              throw new Error("thrown");
            },
          },
          { around: () => Promise.reject(new Error("rejected")) },
          { around: () => {} },
        ],
        (tasks) => {
          tasks.addTask(function first() {
            ran.push("first");
          });
        },
      );
    });
  });
  assertEquals(ran, ["first"]);
  assertEquals(ends, ["first succeeded"]);
  assertEquals(
    errors,
    ["thrown", "rejected"].map((message) =>
      `Background tasks: around failed: Error: ${message}`
    ),
  );
  assertEquals(unhandled, []);
});
