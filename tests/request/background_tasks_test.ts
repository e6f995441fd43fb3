import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BackgroundTask,
  BackgroundTasks,
  BackgroundTasksClosedError,
  type BackgroundTasksOptions,
  defineTask,
  task,
  TaskRunner,
} from "@postlude/background-tasks";
import { consoleLines } from "../harness/console_lines.ts";
import { leftAfterGarbage, noGarbage } from "../harness/garbage.ts";
import { gate } from "../harness/gate.ts";
import { testUnless } from "../harness/left_out.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** A queue with a runner of its own, and what it takes to see its tasks end. */
function queue(options: BackgroundTasksOptions = {}): {
  tasks: BackgroundTasks;
  events: string[];
  record: (event: string) => void;
  run: (response?: Response) => Promise<void>;
} {
  const runner = new TaskRunner();
  const tasks = new BackgroundTasks({ runner, ...options });
  const events: string[] = [];
  return {
    tasks,
    events,
    record: (event) => void events.push(event),
    run: async (response = new Response("ok")) => {
      await tasks.runAfter(response).body?.cancel();
      await runner.drain();
    },
  };
}

const turns = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2));

test("BackgroundTasks.addTask() runs the tasks one after another, in order", async () => {
  const { tasks, events, run } = queue();
  const work = async (name: string): Promise<void> => {
    events.push(`${name} starts`);
    await turns();
    events.push(`${name} ends`);
  };
  tasks.addTask(work, "first");
  tasks.addTask(work, "second");
  await run();
  assertEquals(events, [
    "first starts",
    "first ends",
    "second starts",
    "second ends",
  ]);
});

test("BackgroundTasks.addTask() calls the function with its arguments, and not before runAfter()", async () => {
  const { tasks, events, run } = queue();
  tasks.addTask(
    (...args: unknown[]) => void events.push(JSON.stringify(args)),
    1,
    { two: 2 },
    [3],
  );
  await turns();
  assertEquals(events, []);
  await run();
  assertEquals(events, ['[1,{"two":2},[3]]']);
});

test("BackgroundTasks.addTask() puts a task that a task adds at the end", async () => {
  const { tasks, events, record, run } = queue();
  tasks.addTask(async () => {
    record("first");
    tasks.addTask(() => {
      record("nested");
      tasks.addTask(record, "nested deeper");
    });
    await turns();
  });
  tasks.addTask(record, "second");
  await run();
  assertEquals(events, ["first", "second", "nested", "nested deeper"]);
});

test("BackgroundTasks.addTask() lets what the last task adds wait until that one has ended", async () => {
  for (const policy of [{}, { timeout: 60_000 }]) {
    const { tasks, events, record, run } = queue();
    tasks.with(policy).addTask(async () => {
      await turns();
      tasks.addTask(record, "later");
      tasks.addGroup(task(record, "two"), task(record, "more"));
      await turns();
      record("the last");
    });
    await run();
    assertEquals(events, ["the last", "later", "two", "more"]);
  }
});

test("BackgroundTasks.addGroup() lets what one of its tasks adds wait for all of them", async () => {
  for (const slowest of ["a", "b"]) {
    const { tasks, events, record, run } = queue();
    const work = async (name: string): Promise<void> => {
      await turns();
      if (name === "b") tasks.addTask(record, "after");
      for (let i = name === slowest ? 3 : 1; i > 0; i--) await turns();
      record(name);
    };
    tasks.addGroup(task(work, "a"), task(work, "b"));
    await run();
    assertEquals(events.at(-2), slowest);
    assertEquals(events.at(-1), "after");
  }
});

test("BackgroundTasks.addTask() takes what an observer adds when it is told of a task", async () => {
  const follow = (name: string): void => {
    if (!name.endsWith("follows")) add(`${name} follows`);
  };
  const runner = new TaskRunner({
    observers: [{ onAdd: ({ name }) => follow(name) }],
  });
  const { tasks, events, run } = queue({ runner });
  const work = async (name: string): Promise<void> => {
    events.push(`${name} starts`);
    await turns();
    events.push(`${name} ends`);
  };
  const add = (name: string): void =>
    void tasks.with({ name }).addTask(work, name);
  add("first");
  add("second");
  await run(); // from here on they count, and observers are told
  await runner.drain();
  assertEquals(
    events,
    ["first", "second", "first follows", "second follows"].flatMap((name) => [
      `${name} starts`,
      `${name} ends`,
    ]),
  );
});

test("BackgroundTasks.addGroup() takes what an observer adds when it is told of a group", async () => {
  let told = false;
  const runner = new TaskRunner({
    observers: [{
      onAdd: () => {
        if (told) return;
        told = true;
        tasks.addTask(record, "observer's");
      },
    }],
  });
  const { tasks, events, record, run } = queue({ runner });
  const work = async (name: string): Promise<void> => {
    await turns();
    record(name);
  };
  tasks.addGroup(task(work, "one"), task(work, "other"));
  await run();
  await runner.drain();
  assertEquals(events, ["one", "other", "observer's"]);
});

test("BackgroundTasks.addTask() runs the remaining tasks when one throws", async () => {
  const errors: unknown[] = [];
  const { tasks, events, record, run } = queue({
    onTaskError: (error, run) => errors.push([run.name, run.status, error]),
  });
  const thrown = new Error("sync");
  tasks.addTask(function throwsAtOnce() {
    throw thrown;
  });
  tasks.addTask(function rejects() {
    return Promise.reject(new Error("async"));
  });
  tasks.addTask(function throwsUndefined() {
    throw undefined;
  });
  tasks.addTask(function throwsString() {
    return Promise.reject("a string");
  });
  tasks.addTask(record, "last");
  await run();
  assertEquals(events, ["last"]);
  assertEquals(errors, [
    ["throwsAtOnce", "failed", thrown],
    ["rejects", "failed", new Error("async")],
    ["throwsUndefined", "failed", undefined],
    ["throwsString", "failed", "a string"],
  ]);
});

test("BackgroundTasks.addTask() awaits what a task returns, a foreign thenable included", async () => {
  const { tasks, events, record, run } = queue();
  tasks.addTask(() => ({
    then(resolve: (value: unknown) => void): void {
      setTimeout(() => {
        record("thenable");
        resolve(undefined);
      }, 1);
    },
  }));
  tasks.addTask(() =>
    turns().then(() => {
      record("arrow");
    })
  );
  tasks.addTask(record, "last");
  await run();
  assertEquals(events, ["thenable", "arrow", "last"]);
});

test("BackgroundTasks.addTask() writes a failure to console.error by name, without the arguments", async () => {
  const { tasks, run } = queue();
  const lines = await consoleLines("error", async () => {
    tasks.addTask(function sendEmail(_password: string) {
      throw new Error("smtp is down");
    }, "s3cret");
    await run();
  });
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /Background task "sendEmail" failed:.*smtp is down/s);
  assertEquals(lines[0]!.includes("s3cret"), false);
});

test("onTaskError that throws or rejects is contained", async () => {
  const { tasks, events, record, run } = queue({
    onTaskError: (error) => {
      record(`hook ${error}`);
      if (error === 1) throw new Error("hook broke");
      return Promise.reject(new Error("hook broke later"));
    },
  });
  const lines = await consoleLines("error", async () => {
    tasks.addTask(() => Promise.reject(1));
    tasks.addTask(() => Promise.reject(2));
    tasks.addTask(record, "last");
    await run();
    await turns();
  });
  assertEquals(events, ["hook 1", "hook 2", "last"]);
  assertEquals(lines.length, 2);
  assertMatch(lines[0]!, /onTaskError failed:.*hook broke/s);
  assertMatch(lines[1]!, /onTaskError failed:.*hook broke later/s);
});

test("stopOnError discards the remaining tasks, and says so to observers", async () => {
  const ended: string[] = [];
  const runner = new TaskRunner({
    observers: [{
      onEnd: (run) =>
        void ended.push(`${run.name} ${run.status}: ${run.error}`),
    }],
  });
  const tasks = new BackgroundTasks({
    runner,
    stopOnError: true,
    onTaskError: () => {},
  });
  tasks.with({ name: "a" }).addTask(() => {});
  tasks.with({ name: "b" }).addTask(() => Promise.reject("no"));
  tasks.with({ name: "c" }).addTask(() => {});
  tasks.runAfter(new Response());
  await runner.drain();
  assertEquals(ended, [
    "a succeeded: undefined",
    "b failed: no",
    'c discarded: Error: Task "c" was discarded: an earlier task failed and stopOnError is set',
  ]);
});

test("stopOnError discards no step because of a promise of waitUntil(), which is none", async () => {
  const { tasks, events, record, run } = queue({
    stopOnError: true,
    onTaskError: (_error, { name }) => void events.push(`${name} failed`),
  });
  tasks.addTask(record, "before");
  tasks.waitUntil(Promise.reject("no"));
  tasks.addTask(record, "behind");
  await run();
  assertEquals(events, ["waitUntil failed", "before", "behind"]);
});

test("onTaskError can cancel all that is left, and add a task behind it", async () => {
  const { tasks, events, record, run } = queue({
    onTaskError: () => {
      for (const waiting of tasks) waiting.cancel();
      tasks.addTask(record, "alert");
    },
  });
  tasks.addTask(() => Promise.reject("no"));
  tasks.addTask(record, "cancelled");
  tasks.addTask(record, "cancelled too");
  await run();
  assertEquals(events, ["alert"]);
  assertEquals(tasks.size, 0);
});

test("onTaskError that returns a promise is a part of the work, and can still add a task", async () => {
  const [reported, asked] = [gate(), gate()];
  const runner = new TaskRunner();
  const events: string[] = [];
  const kept: Promise<unknown>[] = [];
  const tasks = new BackgroundTasks({
    runner,
    waitUntil: (promise) => kept.push(promise),
    onTaskError: async () => {
      asked.open();
      await reported.opened;
      events.push("reported");
      tasks.addTask(() => events.push("alert"));
    },
  });
  tasks.addTask(() => Promise.reject("no"));
  tasks.runAfter(new Response(null));
  const letGo = Promise.all(kept).then(() => events.push("let go"));
  const drained = runner.drain().then(() => events.push("drained"));
  await asked.opened;
  await turns();
  assertEquals(events, []);
  reported.open();
  await Promise.all([letGo, drained]);
  assertEquals(events.slice(0, 2), ["reported", "alert"]);
});

test("BackgroundTasks.addTask() starts anew once everything before it has ended, in the order of the queue", async () => {
  const runner = new TaskRunner();
  const kept: Promise<unknown>[] = [];
  const events: string[] = [];
  const { tasks, respond } = openRequest({
    runner,
    waitUntil: (promise) => kept.push(promise.then(() => events.push("over"))),
  });
  for (const message of ["one", "two", "three"]) {
    tasks.addTask(() => void events.push(`${message} starts`));
    tasks.addTask(() => void events.push(`${message} ends`));
    if (message === "one") await respond();
    assertEquals(events.at(-1), kept.length === 1 ? undefined : "over");
    await runner.drain();
    await kept.at(-1);
    assertEquals(
      events.splice(-3),
      [`${message} starts`, `${message} ends`, "over"],
    );
    events.push("over");
  }
  assertEquals(kept.length, 3); // the platform was asked again each time
});

test("BackgroundTasks.addTask() throws where the platform keeps nothing alive any more", async () => {
  const runner = new TaskRunner();
  let isOver = false;
  const { tasks, respond } = openRequest({
    runner,
    waitUntil: () => {
      if (isOver) throw new Error("the event is over");
    },
  });
  tasks.addTask(() => {});
  await respond();
  await runner.drain();
  isOver = true;
  await consoleLines("error", () => {
    const error = assertThrows(
      () => tasks.addTask(function late() {}),
      BackgroundTasksClosedError,
      'Cannot add task "late": the platform keeps nothing alive',
    );
    assertEquals((error.cause as Error).message, "the event is over");
  });
  assertEquals(runner.stats().pending, 0);
});

test("BackgroundTasks.addTask() refuses a promise, saying what to write instead", () => {
  const { tasks } = queue();
  const sendEmail = (): Promise<void> => Promise.resolve();
  assertThrows(
    // @ts-expect-error: a promise is no function
    () => tasks.addTask(sendEmail()),
    TypeError,
    "write addTask(sendEmail, to) instead of addTask(sendEmail(to))",
  );
});

test("BackgroundTasks.addTask() refuses what is no function", () => {
  const { tasks } = queue();
  for (const value of [undefined, null, "sendEmail", 1, {}, []]) {
    assertThrows(
      () => tasks.addTask(value as never),
      TypeError,
      "as a task: write addTask(sendEmail, to) instead of",
    );
  }
  assertThrows(() => task(undefined as never), TypeError, "too early");
});

test("BackgroundTasks.addGroup() runs its tasks at once, as one step", async () => {
  const { tasks, events, record, run } = queue();
  const work = async (name: string): Promise<void> => {
    record(`${name} starts`);
    await turns();
    record(`${name} ends`);
  };
  tasks.addTask(record, "before");
  tasks.addGroup(task(work, "a"), task(work, "b"));
  tasks.addTask(record, "after");
  await run();
  assertEquals(events, [
    "before",
    "a starts",
    "b starts",
    "a ends",
    "b ends",
    "after",
  ]);
});

test("BackgroundTasks.addGroup() lets each task fail alone, and reports each", async () => {
  const errors: string[] = [];
  const { tasks, events, record, run } = queue({
    onTaskError: (error) => errors.push(String(error)),
  });
  tasks.addGroup(
    task(() => Promise.reject("one")),
    task(record, "two"),
    task(() => {
      throw "three";
    }),
  );
  tasks.addTask(record, "after");
  await run();
  assertEquals(events, ["two", "after"]);
  assertEquals(errors.sort(), ["one", "three"]);
});

test("BackgroundTasks.addGroup() refuses a task twice, and what is no task", () => {
  const { tasks } = queue();
  const one = task(() => {});
  assertThrows(() => tasks.addGroup(one, one), TypeError, "added before");
  assertThrows(
    () => tasks.addGroup(tasks.addTask(() => {})),
    TypeError,
    "added before",
  );
  assertThrows(
    () => tasks.addGroup((() => {}) as never),
    TypeError,
    "write addGroup(task(fn, ...args)",
  );
  tasks.addGroup();
  assertEquals(tasks.size, 1);
});

test("BackgroundTasks iterates over the tasks that wait or run", async () => {
  const { tasks, events, run } = queue();
  const names = (): string[] =>
    [...tasks].map(({ name, state }) => `${name} ${state}`);
  tasks.addTask(function first() {
    events.push(...names());
  });
  tasks.addTask(function second() {});
  tasks.addTask(() => {});
  assertEquals(tasks.size, 3);
  assertEquals(names(), [
    "first waiting",
    "second waiting",
    "anonymous waiting",
  ]);
  await run();
  assertEquals(events, [
    "first running",
    "second waiting",
    "anonymous waiting",
  ]);
  assertEquals([tasks.size, ...tasks], [0]);
});

test("BackgroundTasks calls a task's function without a receiver", async () => {
  const { tasks, events, run } = queue();
  tasks.addTask(function (this: unknown) {
    events.push(`function: ${this}`);
  });
  tasks.addTask(defineTask("defined", function (this: unknown) {
    events.push(`handler: ${this}`);
  }));
  await run();
  assertEquals(events, ["function: undefined", "handler: undefined"]);
});

test("BackgroundTasks lists what is left, also of a group, and takes more behind it", async () => {
  const { tasks, events, record, run } = queue();
  const list = (when: string): void =>
    void events.push(`${when}: ${[...tasks].map(({ name }) => name)}`);
  const turn = new Promise((resolve) => setTimeout(resolve, 0));
  tasks.addTask(function alone() {});
  tasks.addGroup(
    task(async function slow() {
      await turn;
      list("slow");
      tasks.addTask(function nested() {
        list("nested");
        tasks.addTask(record, "last");
      });
    }),
    task(function quick() {
      list("quick");
    }),
  );
  tasks.addTask(function behind() {
    list("behind");
  });
  await run();
  assertEquals(events, [
    "quick: slow,quick,behind",
    "slow: slow,behind",
    "behind: behind,nested",
    "nested: nested",
    "last",
  ]);
});

test("BackgroundTasks.runAfter() returns the same response, used or not", async () => {
  for (const body of ["text", null, new Uint8Array(3), new Blob(["x"])]) {
    const { tasks, record } = queue();
    const response = new Response(body);
    if (body !== null) tasks.addTask(record, "used");
    assertStrictEquals(tasks.runAfter(response), response);
    await response.body?.cancel();
  }
});

test("BackgroundTasks.runAfter() leaves everything alone when no task was added", async () => {
  const { tasks } = queue();
  const promises: unknown[] = [];
  const response = new Response(new ReadableStream());
  let timers = 0;
  await withGlobal("setTimeout", () => timers++, async () => {
    const returned = tasks.runAfter(response, {
      waitUntil: (promise) => promises.push(promise),
    });
    assertStrictEquals(returned, response);
    await Promise.resolve();
  });
  assertEquals([promises, timers], [[], 0]);
});

test("BackgroundTasks.runAfter() calls waitUntil once, with a promise that covers all and never rejects", async () => {
  const { tasks, events, record } = queue({ onTaskError: () => {} });
  const promises: Promise<unknown>[] = [];
  tasks.addTask(() => Promise.reject(new Error("contained")));
  tasks.addTask(() => void tasks.addTask(record, "nested"));
  tasks.runAfter(new Response("ok"), {
    waitUntil: (promise) => promises.push(promise),
  });
  assertEquals(promises.length, 1);
  assertEquals(promises[0] instanceof Promise, true);
  await promises[0];
  assertEquals(events, ["nested"]);
  assertEquals(promises.length, 1);
});

test("BackgroundTasks.runAfter() starts no task in the turn of the handler", async () => {
  const { tasks, events, record } = queue();
  tasks.addTask(record, "task");
  tasks.runAfter(new Response("ok"));
  for (let i = 0; i < 100; i++) await Promise.resolve();
  record("a hundred microtasks");
  while (tasks.size > 0) await turns();
  assertEquals(events, ["a hundred microtasks", "task"]);
});

test("BackgroundTasks.runAfter() runs its tasks whatever the runtime handed over", async () => {
  const runner = new TaskRunner();
  const platforms = [undefined, null, "env", {}, { server: {}, outgoing: {} }];
  const runtimes = [undefined, {}, { bun: {} }, { deno: {} }, { node: {} }];
  const ran: unknown[] = [];
  for (const platform of platforms) {
    for (const runtime of runtimes) { // what srvx puts on a request
      const request = new Request("http://localhost/");
      const tasks = new BackgroundTasks({ runner });
      tasks.addTask((pair) => void ran.push(pair), [platform, runtime]);
      const response = tasks.runAfter(new Response("ok"), {
        request: Object.assign(request, { runtime }),
        platform,
      });
      await response.body?.cancel();
    }
  }
  await runner.drain();
  assertEquals(ran.length, platforms.length * runtimes.length);
});

test("BackgroundTasks.runAfter() refuses a second response, and what is none", () => {
  const { tasks } = queue();
  assertThrows(
    () => tasks.runAfter("ok" as never),
    TypeError,
    "write runAfter(response, { request })",
  );
  assertThrows(
    () => tasks.runAfter(new Response(), { waituntil: () => {} } as never),
    TypeError,
    'runAfter option "waituntil": the runAfter options are request, waitUntil, platform',
  );
  tasks.runAfter(new Response());
  assertThrows(() => tasks.runAfter(new Response()), TypeError, "another one");
});

test("new BackgroundTasks() refuses wrong options, with the rule and the value", () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [
      { runOm: "always" },
      TypeError,
      'option "runOm": the background tasks options are timeout,',
    ],
    ["strict", TypeError, 'from "strict": write an object'],
    [
      { runOn: "sometimes" },
      RangeError,
      'runOn "sometimes": write "success", "failure", "always"',
    ],
    [{ timeout: -1 }, RangeError, "timeout -1: it must be an integer from 1"],
    [{ timeout: NaN }, RangeError, "timeout NaN"],
    [{ timeout: Infinity }, RangeError, "timeout Infinity"],
    [{ timeout: 1.5 }, RangeError, "timeout 1.5"],
    [
      { timeout: "1s" },
      TypeError,
      'timeout "1s": it must be an integer from 1 to 2147483647 milliseconds',
    ],
    [{ stopOnError: 1 }, TypeError, "stopOnError 1: write true or false"],
    [{ onTaskError: "log" }, TypeError, 'onTaskError "log"'],
    [{ waitUntil: {} }, TypeError, "waitUntil an object: write (promise)"],
    [{ runner: {} }, TypeError, "runner an object: write new TaskRunner()"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => new BackgroundTasks(options as never), type, message);
  }
});

test("BackgroundTask.cancel() keeps a waiting task from starting", async () => {
  const { tasks, events, record, run } = queue();
  tasks.addTask(record, "first");
  const second = tasks.addTask(record, "second");
  tasks.addTask(record, "third");
  assertEquals(second.cancel("not needed"), true);
  assertEquals([second.state, second.cancel()], ["cancelled", false]);
  await run();
  assertEquals(events, ["first", "third"]);
});

test("BackgroundTask has a name, an id of its own and a state", async () => {
  const { tasks, run } = queue();
  const one = tasks.addTask(function named() {});
  const two = new BackgroundTask(() => {});
  assertEquals([one.name, two.name, one.state], [
    "named",
    "anonymous",
    "waiting",
  ]);
  assertMatch(one.id, /^[0-9a-f-]{36}$/);
  assertEquals([one.id === one.id, one.id === two.id], [true, false]);
  await run();
  assertEquals([one.state, two.state], ["succeeded", "waiting"]);
});

test("BackgroundTask.name is a text, whatever a stub of a remote service answers for it", async () => {
  const remote = (): unknown =>
    new Proxy(() => {}, {
      get: (_, key) => key === "then" ? undefined : remote(),
      apply: () => Promise.resolve(),
    });
  const { tasks, run } = queue();
  const added = tasks.addTask(remote() as () => Promise<void>);
  assertEquals(added.name, "anonymous");
  const { proxy, revoke } = Proxy.revocable(() => {}, {});
  const revoked = tasks.addTask(proxy);
  revoke();
  assertEquals(revoked.name, "anonymous");
  revoked.cancel();
  await run();
  assertEquals(added.state, "succeeded");
});

test("BackgroundTasks.with() leaves an option alone that is undefined", () => {
  const { tasks } = queue();
  const mails = tasks.with({ name: "mail", timeout: 1_000 });
  const added = mails.with({ name: undefined as never, timeout: 2_000 })
    .addTask(
      () => {},
    );
  assertEquals(added.name, "mail");
});

test("BackgroundTasks.runAfter() starts no task of another request that came in the same turn", async () => {
  const [alone, grouped, other] = [queue(), queue(), queue()];
  alone.tasks.addTask(alone.record, "one");
  alone.tasks.addTask(alone.record, "two");
  grouped.tasks.addGroup(
    task(grouped.record, "one"),
    task(grouped.record, "two"),
  );
  other.tasks.addTask(other.record, "one");
  await other.run();
  assertEquals([alone.events, grouped.events], [[], []]);
  for (const { events, run } of [grouped, alone]) {
    await run();
    assertEquals(events, ["one", "two"]);
  }
});

testUnless(
  noGarbage,
  "BackgroundTasks whose handler threw, and whose tasks were cancelled, are kept by nobody",
  async () => {
    const runner = new TaskRunner();
    const held: WeakRef<object>[] = [];
    const handler = (): Response => {
      const argument = {};
      held.push(new WeakRef(argument));
      const tasks = new BackgroundTasks({ runner });
      tasks.addTask((_: object) => {}, argument);
      tasks.addTask(() => {});
      for (const task of tasks) task.cancel();
      throw new Error("the handler failed");
    };
    for (let i = 0; i < 1_000; i++) {
      assertThrows(handler, Error, "the handler failed");
    }
    const next = new BackgroundTasks({ runner });
    next.addTask(() => {});
    next.runAfter(new Response(null));
    await runner.drain();
    // Bun takes whatever is left on the stack for a reference
    const left = await leftAfterGarbage(
      () => held.filter((argument) => argument.deref() !== undefined).length,
      499,
    );
    assertEquals(left < 500, true, `${left} of 1,000 are held`);
    assertEquals(runner.stats().pending, 0);
  },
);

testUnless(
  noGarbage,
  "BackgroundTasks that is held on to when it has run holds none of its tasks",
  async () => {
    const held: WeakRef<object>[] = [];
    const add = ({ tasks }: ReturnType<typeof queue>): void => {
      const argument = { large: true };
      held.push(new WeakRef(argument));
      tasks.addTask((_: object) => {}, argument);
    };
    const queues = Array.from({ length: 20 }, () => queue());
    queues.forEach(add);
    for (const { run } of queues) await run();
    // Bun finds some on its stack
    const left = await leftAfterGarbage(
      () => held.filter((argument) => argument.deref() !== undefined).length,
      9,
    );
    assert(left < 10, `${left} of 20 are held`);
    assertEquals(queues.map(({ tasks }) => tasks.size), queues.map(() => 0));
  },
);
