import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  task,
  TaskRunner,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { fakeTime } from "../harness/fake_clock.ts";
import { respond } from "../harness/timeline.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

const storage = new AsyncLocalStorage<string>();

/** workerd has no `enterWith`: there is nothing that could leak. */
const hasEnterWith = host !== "workerd";

function enter(store: string): void {
  if (hasEnterWith) storage.enterWith(store);
}

/** A queue whose tasks note the store they see: `see("name")` is such a task. */
function queue(): {
  tasks: BackgroundTasks;
  seen: string[];
  note: (name: string) => void;
  see: (name: string) => Promise<void>;
  run: () => Promise<void>;
} {
  const { clock, runner } = fakeTime();
  const seen: string[] = [];
  const note = (name: string): void =>
    void seen.push(`${name}: ${storage.getStore()}`);
  const tasks = new BackgroundTasks({
    runner,
    onTaskError: (error) => note(`onTaskError ${error}`),
  });
  return {
    tasks,
    seen,
    note,
    see: async (name) => {
      note(name);
      await new Promise((resolve) => setTimeout(resolve, 1));
      note(`${name} later`);
    },
    run: async () => {
      await respond(tasks);
      const draining = runner.drain();
      for (let over = false; !over;) {
        await clock.advance(100);
        over = await Promise.race([
          draining.then(() => true),
          new Promise<false>((resolve) => setTimeout(resolve, 1, false)),
        ]);
      }
    },
  };
}

test("a task sees the AsyncLocalStorage store of its addTask call, before and after an await", async () => {
  const { tasks, seen, see, run } = queue();
  storage.run("a", () => tasks.addTask(see, "1"));
  storage.run("b", () => tasks.with({ timeout: 1_000 }).addTask(see, "2"));
  tasks.addTask(see, "3");
  await storage.run("response", run);
  assertEquals(seen, [
    ...["1: a", "1 later: a", "2: b", "2 later: b"],
    ...["3: undefined", "3 later: undefined"],
  ]);
});

test("a task sees the store of its addTask call in every attempt, whatever an attempt entered", async () => {
  const { tasks, seen, note, run } = queue();
  const flaky = defineTask(
    "flaky",
    { timeout: 50, retry: { attempts: 3, delay: 100, jitter: 0 } },
    ({ attempt, signal }) => {
      note(`attempt ${attempt}`);
      enter(`entered in ${attempt}`);
      if (attempt === 1) throw new Error("sync");
      if (attempt === 2) return Promise.reject(new Error("async"));
      signal.addEventListener("abort", () => note("abort"));
      return new Promise(() => {});
    },
  );
  storage.run("request", () => tasks.addTask(flaky));
  await run();
  assertEquals(seen.slice(0, 3), [
    "attempt 1: request",
    "attempt 2: request",
    "attempt 3: request",
  ]);
  assertEquals(seen.at(-1)?.split(":")[0], "onTaskError TaskTimeoutError");
  assertEquals(seen.at(-1)?.split(": ").at(-1), "request");
});

test("a task sees the store of its own addTask call, whatever was cancelled before it", async () => {
  const { tasks, seen, see, run } = queue();
  const [first, , third] = ["a", "b", "c", "d"].map((store) =>
    storage.run(store, () => tasks.addTask(see, store))
  );
  first?.cancel();
  third?.cancel();
  await run();
  assertEquals(seen, ["b: b", "b later: b", "d: d", "d later: d"]);
});

test("a task does not see what the task before it, or beside it, entered", async () => {
  const { tasks, seen, note, see, run } = queue();
  const enters = (name: string): void => {
    note(name);
    enter(`entered by ${name}`);
  };
  const entersLater = async (name: string): Promise<void> => {
    await see(name);
    enter(`entered by ${name}`);
  };
  storage.run("request", () => {
    tasks.addTask(enters, "1");
    tasks.addTask(entersLater, "2");
    tasks.addGroup(task(enters, "3"), task(enters, "4"), task(note, "5"));
    tasks.addTask(note, "6");
  });
  await run();
  assertEquals(
    seen,
    ["1", "2", "2 later", "3", "4", "5", "6"].map((name) => `${name}: request`),
  );
});

test("the tasks of a group see the store of the addGroup call", async () => {
  const { tasks, seen, see, run } = queue();
  const made = storage.run("made", () => task(see, "1"));
  storage.run("added", () => tasks.addGroup(made, task(see, "2")));
  await run();
  assertEquals(seen, [
    "1: added",
    "2: added",
    "1 later: added",
    "2 later: added",
  ]);
});

test("a nested task sees the store of the task that added it", async () => {
  const { tasks, seen, see, note, run } = queue();
  storage.run("outer", () =>
    tasks.addTask(() => {
      note("outer");
      storage.run("inner", () => tasks.addTask(see, "nested"));
      tasks.addTask(see, "beside");
    }));
  storage.run("other", () => tasks.addTask(see, "other"));
  await run();
  assertEquals(seen, [
    ...["outer: outer", "other: other", "other later: other"],
    ...["nested: inner", "nested later: inner"],
    ...["beside: outer", "beside later: outer"],
  ]);
});

test("onTaskError and the observers see the store of the task, failed or timed out", async () => {
  const seen: string[] = [];
  const note = (name: string): void =>
    void seen.push(`${name}: ${storage.getStore()}`);
  const { clock, runner } = fakeTime({
    observers: [{
      onStart: ({ name }) => note(`${name} starts`),
      onRetry: ({ name }) => note(`${name} retries`),
      onEnd: ({ name }) => note(`${name} ends`),
    }],
  });
  const tasks = new BackgroundTasks({
    runner,
    onTaskError: (_, { name }) => note(`${name} failed`),
  });
  const hang = (): Promise<never> => new Promise(() => {});
  storage.run(
    "a",
    () =>
      tasks.with({ name: "slow", timeout: 5, retry: { attempts: 2, delay: 5 } })
        .addTask(hang),
  );
  storage.run("b", () =>
    tasks.with({ name: "fails" }).addTask(async () => {
      await Promise.resolve();
      throw new Error();
    }));
  storage.run("c", () => tasks.with({ name: "works" }).addTask(() => {}));
  await storage.run("response", () => respond(tasks));
  await storage.run("clock", () => clock.advance(100));
  const slow = ["starts", "retries", "failed", "ends"].map((e) => `slow ${e}`);
  assertEquals(seen.map((event) => event.split(":")[0]), [
    ...slow,
    ...["fails starts", "fails failed", "fails ends"],
    ...["works starts", "works ends"],
  ]);
  assertEquals(seen.map((event) => event.split(": ")[1]), [
    ...Array(4).fill("a"),
    ...Array(3).fill("b"),
    ...Array(2).fill("c"),
  ]);
});

test("onEnd of a task that is cancelled sees the store of whoever cancels it", async () => {
  const seen: unknown[] = [];
  const { clock, runner } = fakeTime({
    observers: [{ onEnd: () => void seen.push(storage.getStore()) }],
  });
  const tasks = new BackgroundTasks({ runner });
  const hanging = storage.run(
    "request",
    () => tasks.addTask(() => new Promise(() => {})),
  );
  await respond(tasks);
  await clock.advance(0);
  storage.run("admin", () => hanging.cancel());
  assertEquals(seen, ["admin"]);
});

test("two requests at once do not see each other's stores", async () => {
  const runner = new TaskRunner({ concurrency: 1 });
  const seen: string[] = [];
  const app = new Hono<BackgroundTasksEnv>();
  app.use((_, next) => storage.run(crypto.randomUUID(), next));
  app.use(backgroundTasks({ runner }));
  app.get("/:name", async (c) => {
    const name = c.req.param("name");
    const own = storage.getStore();
    const check = async (step: number): Promise<void> => {
      seen.push(`${name}${step} ${storage.getStore() === own}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(`${name}${step} ${storage.getStore() === own}`);
    };
    c.var.backgroundTasks.addTask(check, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    c.var.backgroundTasks.addGroup(task(check, 2), task(check, 3));
    return c.text(name);
  });
  await Promise.all(
    ["a", "b", "c"].map(async (name) => (await app.request(`/${name}`)).text()),
  );
  await runner.drain();
  assertEquals(seen.length, 18);
  assertEquals(seen.filter((line) => line.endsWith("false")), []);
});

test("a task sees its store, though a request of the same turn started before its own", async () => {
  const [first, second] = [queue(), queue()];
  storage.run("first", () => first.tasks.addTask(first.see, "task"));
  storage.run("second", () => second.tasks.addTask(second.see, "task"));
  await first.run();
  assertEquals(second.seen, []);
  await second.run();
  assertEquals(first.seen, ["task: first", "task later: first"]);
  assertEquals(second.seen, ["task: second", "task later: second"]);
});
