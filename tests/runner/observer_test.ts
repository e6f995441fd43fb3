import { assertEquals } from "@std/assert";
import {
  BackgroundTasks,
  type TaskObserver,
  TaskRunner,
} from "@postlude/background-tasks";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

/** Runs a task that fails and one that succeeds, and tells which have ended. */
async function endsOf(
  observer: TaskObserver,
  onTaskError?: () => unknown,
): Promise<string[]> {
  const ends: string[] = [];
  const onEnd: TaskObserver["onEnd"] = ({ name, status }) =>
    void ends.push(`${name} ${status}`);
  const runner = new TaskRunner({ observers: [observer, { onEnd }] });
  const tasks = new BackgroundTasks({
    runner,
    ...(onTaskError && { onTaskError }),
  });
  tasks.with({ name: "at 50%done" }).addTask(() =>
    Promise.reject(new Error("no"))
  );
  tasks.addTask(function next() {});
  tasks.runAfter(new Response(null));
  const { abandoned } = await runner.drain();
  assertEquals(abandoned, []);
  return ends;
}

const ALL = ["at 50%done failed", "next succeeded"];

test("a hook that returns another realm's promise, or a thenable, has its rejection reported", async () => {
  const rejecting = {
    then: (_: unknown, reject: (error: Error) => void) =>
      reject(new Error("too late")),
  };
  const lines = await consoleLines("error", async () => {
    const onStart = (): void => rejecting as unknown as void;
    assertEquals(await endsOf({ onStart }, () => rejecting), ALL);
  });
  assertEquals(lines.sort(), [
    "Background tasks: onStart failed: Error: too late",
    "Background tasks: onStart failed: Error: too late",
    "Background tasks: onTaskError failed: Error: too late",
  ]);
});

test("an observer whose members cannot be read harms nobody", async () => {
  let ready = false;
  const observer: TaskObserver = {
    get onEnd(): never {
      if (ready) throw new Error("not connected");
      return undefined as never;
    },
  };
  const lines = await consoleLines("error", async () => {
    const ends = endsOf(observer, () => {});
    ready = true;
    assertEquals(await ends, ALL);
  });
  assertEquals(lines, [
    "Background tasks: onEnd failed: Error: not connected",
    "Background tasks: onEnd failed: Error: not connected",
  ]);
});

test("a failure is written as it is, whatever the task's name means to the console", async () => {
  const calls: unknown[][] = [];
  const { error } = console;
  console.error = (...args) => void calls.push(args);
  try {
    assertEquals(await endsOf({}), ALL);
  } finally {
    console.error = error;
  }
  const [[format] = []] = calls;
  assertEquals(format, 'Background task "at 50%%done" failed:');
});

test("a console that throws at what a task threw gets its text, and the next task runs", async () => {
  const lines: string[] = [];
  const { error } = console;
  console.error = (text: string, thrown: unknown) => {
    if (typeof thrown === "object") throw new Error("cannot inspect");
    lines.push(`${text} ${thrown}`);
  };
  try {
    assertEquals(await endsOf({}), ALL);
    console.error = () => {
      throw new Error("ENOSPC");
    };
    assertEquals(await endsOf({}), ALL);
  } finally {
    console.error = error;
  }
  assertEquals(lines, ['Background task "at 50%%done" failed: Error: no']);
});
