import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  type RunOn,
  task,
  type TaskContext,
  type TaskOptions,
  TaskQueueFullError,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { fakeTime } from "./harness/fake_clock.ts";
import { timeline } from "./harness/timeline.ts";
import { openRequest } from "./harness/open_request.ts";
import { test } from "./harness/test.ts";

test("defineTask() makes a function that runs its handler once, and always returns a promise", async () => {
  const calls: unknown[] = [];
  const greet = defineTask(
    "greet",
    { timeout: 1, retry: { attempts: 3 } },
    ({ attempt }, name: string, ...rest: number[]) => {
      calls.push([attempt, name, ...rest]);
      if (name === "") throw new RangeError("nobody");
      return "hello";
    },
  );
  const returned = greet("Ada", 1, 2);
  assert(returned instanceof Promise);
  assertEquals(await returned, undefined);
  await assertRejects(() => greet(""), RangeError, "nobody");
  assertEquals(calls, [[1, "Ada", 1, 2], [1, ""]]);
  assertEquals(greet.name, "greet");
});

test("defineTask() refuses a generator where it is called directly, too", async () => {
  const sync = function* (): Generator<number> {
    yield 1;
  };
  const later = async function* (): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  };
  for (const handler of [sync, later]) {
    await assertRejects(
      () => defineTask("generate", handler)(),
      TypeError,
      "Cannot run a generator as a task",
    );
  }
});

test("defineTask() gives a direct call a context that nothing limits", async () => {
  const contexts: TaskContext[] = [];
  const note = defineTask("note", (context) => void contexts.push(context));
  await note();
  await note();
  const [first, second] = contexts;
  assertEquals(
    [first?.name, first?.attempt, first?.deadline, first?.response],
    ["note", 1, undefined, { status: undefined, outcome: "unknown" }],
  );
  assertEquals(first?.signal.aborted, false);
  assert(first?.id !== second?.id);
});

test("defineTask() gives the handler the context of its attempt", async () => {
  const seen: unknown[] = [];
  const failing = defineTask(
    "failing",
    { retry: { attempts: 2, delay: 10 } },
    ({ id, name, attempt, deadline, response }, word: string) => {
      seen.push({ id, name, attempt, deadline, response, word });
      throw new Error();
    },
  );
  let id: string | undefined;
  const { advance } = await timeline({ onTaskError: () => {} }, (tasks) => {
    id = tasks.addTask(failing, "word").id;
  });
  await advance(10);
  const same = {
    id,
    name: "failing",
    deadline: undefined,
    response: { status: 200, outcome: "unknown" },
    word: "word",
  };
  assertEquals(seen, [{ ...same, attempt: 1 }, { ...same, attempt: 2 }]);
});

test("defineTask() refuses a wrong name, option or handler where it is called", () => {
  const handler = (): void => {};
  const engine = { name: "own", enqueue() {}, close() {} };
  const cases: [unknown[], ErrorConstructor, string][] = [
    [
      ["", handler],
      RangeError,
      'task name "": it must be a string, and must',
    ],
    [[" ", handler], RangeError, "must not be empty"],
    [[undefined, handler], TypeError, "task name undefined: it must be a"],
    [["n", undefined], TypeError, "handler undefined: write defineTask("],
    [["n", {}], TypeError, "handler an object: write defineTask(name, "],
    [["n", {}, Promise.resolve()], TypeError, "handler a Promise: write"],
    [["n"], TypeError, "handler undefined: write defineTask(name, options, "],
    [["n", handler, {}], TypeError, "handler an object: write defineTask("],
    [
      ["n", { queue: { enqueue() {} } }, handler],
      TypeError,
      "Cannot use the queue: write its name, and supports such as { idem",
    ],
    [
      [
        "n",
        { queue: { ...engine, supports: { maxDelays: 0 } } },
        handler,
      ],
      TypeError,
      "Cannot use the queue: write its name, and supports such as { idem",
    ],
    [["n", [], handler], TypeError, "from an array: write an object"],
    [["n", null, handler], TypeError, "from null: write an object"],
    [["n", { name: "m" }, handler], TypeError, 'task option "name"'],
    [["n", { retries: 3 }, handler], TypeError, 'task option "retries"'],
  ];
  for (const [args, type, message] of cases) {
    assertThrows(() => defineTask(...args as [never, never]), type, message);
  }
});

test("TaskOptions are refused where they are given, with the rule and the value", () => {
  const integer = (min: number): string =>
    `must be an integer from ${min} to 2147483647 milliseconds`;
  const cases: [unknown, ErrorConstructor, string][] = [
    ...[-1, 0, NaN, Infinity, 1.5, 2 ** 31].map((
      timeout,
    ): [unknown, ErrorConstructor, string] => [
      { timeout },
      RangeError,
      `timeout ${timeout}: it ${integer(1)}`,
    ]),
    [{ timeout: "1" }, TypeError, 'timeout "1": it must be an integer from 1'],
    [{ retry: 3 }, TypeError, "retry 3: write an object such as"],
    [{ retry: {} }, TypeError, "retry.attempts undefined: it must be an"],
    ...[0, -1, NaN, Infinity, 1.5].map((
      attempts,
    ): [unknown, ErrorConstructor, string] => [
      { retry: { attempts } },
      RangeError,
      `retry.attempts ${attempts}: it must be an integer of at least 1`,
    ]),
    ...(["delay", "maxDelay"] as const).flatMap((option) =>
      [-1, NaN, Infinity, 0.5].map((
        value,
      ): [unknown, ErrorConstructor, string] => [
        { retry: { attempts: 2, [option]: value } },
        RangeError,
        `retry.${option} ${value}: it ${integer(0)}`,
      ])
    ),
    ...[0.5, NaN, Infinity].map((
      factor,
    ): [unknown, ErrorConstructor, string] => [
      { retry: { attempts: 2, factor } },
      RangeError,
      `retry.factor ${factor}: it must be a finite number of at least 1`,
    ]),
    ...[-0.1, 1.1, NaN].map((jitter): [unknown, ErrorConstructor, string] => [
      { retry: { attempts: 2, jitter } },
      RangeError,
      `retry.jitter ${jitter}: it must be a number from 0 to 1`,
    ]),
    [{ retry: { attempts: 2, when: true } }, TypeError, "retry.when true"],
    [{ retry: { attempts: 2, times: 1 } }, TypeError, 'option "times"'],
    [{ runOn: "sucess" }, RangeError, 'runOn "sucess"'],
    [{ runOn: 1 }, TypeError, "runOn 1"],
  ];
  for (const [options, type, message] of cases) {
    const given = options as TaskOptions;
    const tasks = new BackgroundTasks();
    assertThrows(() => tasks.with(given), type, message);
    assertThrows(() => tasks.with({}).with(given), type, message);
    assertThrows(
      () => defineTask("n", given as never, () => {}),
      type,
      message,
    );
    assertThrows(() => new BackgroundTasks(given), type, message);
  }
  const tasks = new BackgroundTasks();
  assertThrows(() => tasks.with({ name: "" }), RangeError, "must not be empty");
  assertThrows(() => tasks.with({ name: 1 as never }), TypeError, "a string");
});

test("with() wins over defineTask(), which wins over the queue, option by option", async () => {
  const { events, advance } = await timeline(
    { timeout: 30, retry: { attempts: 2, delay: 0 }, onTaskError: () => {} },
    (tasks) => {
      const hang = (): Promise<never> => new Promise(() => {});
      const defined = defineTask("defined", { timeout: 20 }, hang);
      tasks.addGroup(task(hang));
      tasks.addTask(defined);
      tasks.with({ name: "with", timeout: 10 }).with({ retry: { attempts: 1 } })
        .addTask(defined);
    },
  );
  await advance(1_000);
  assertEquals(
    events.filter((event) => event.includes("end")),
    [
      "60 end hang #2 timed-out",
      "100 end defined #2 timed-out",
      "110 end with #1 timed-out",
    ],
  );
});

test("runOn decides by what the handler did, and observers learn the reason", async () => {
  const reasons: string[] = [];
  const runOns: [string, RunOn | undefined][] = [
    ["default", undefined],
    ["success", "success"],
    ["failure", "failure"],
    ["always", "always"],
    ["if failed", (outcome) => outcome === "failure"],
    ["if 500", (_, { status }) => status === 500],
  ];
  const thrown = new Error("handler failed");
  for (const fails of [false, true]) {
    const { runner } = fakeTime({
      observers: [{
        onEnd: ({ name, status, error }) => {
          reasons.push(`${name} ${status} ${(error as Error)?.message ?? ""}`);
          if (fails && status === "discarded") {
            assertStrictEquals((error as Error).cause, thrown);
          }
        },
      }],
    });
    const app = new Hono<BackgroundTasksEnv>();
    app.use(backgroundTasks({ runner }));
    app.get("/", (c) => {
      for (const [name, runOn] of runOns) {
        c.var.backgroundTasks.with({ name, ...(runOn && { runOn }) })
          .addTask(() => {});
      }
      if (fails) throw thrown;
      return c.text("ok");
    });
    app.onError((_, c) => c.text("sorry", 500));
    await app.request("/");
    await runner.drain();
  }
  const refused = (name: string, happened: string, why: string): string =>
    `${name} discarded Task "${name}" was discarded: ${happened} and ${why}`;
  assertEquals(reasons, [
    "default succeeded ",
    "success succeeded ",
    refused("failure", "the handler returned", 'its runOn is "failure"'),
    "always succeeded ",
    refused("if failed", "the handler returned", "its runOn predicate said no"),
    refused("if 500", "the handler returned", "its runOn predicate said no"),
    refused("default", "the handler failed", 'its runOn is "success"'),
    refused("success", "the handler failed", 'its runOn is "success"'),
    "failure succeeded ",
    "always succeeded ",
    "if failed succeeded ",
    "if 500 succeeded ",
  ]);
});

test("runOn that throws, or returns a promise, fails its task alone", async () => {
  const errors: string[] = [];
  const { events } = await timeline(
    { onTaskError: (error) => errors.push(String(error)) },
    (tasks) => {
      tasks.with({
        name: "throws",
        runOn: () => {
          throw new Error("runOn broke");
        },
      }).addTask(() => {});
      tasks.with({
        name: "async",
        runOn: (() => Promise.resolve(false)) as never,
      })
        .addTask(() => {});
      tasks.addTask(function last() {});
    },
  );
  assertEquals(errors, [
    "Error: runOn broke",
    "TypeError: Cannot use what runOn returned: it is a Promise; write a function that returns true or false",
  ]);
  assertEquals(events.slice(3), [
    "0 end throws #0 failed",
    "0 end async #0 failed",
    "0 start last #1",
    "0 end last #1 succeeded",
  ]);
});

test("runOn lets what a task adds after the handler has failed run", async () => {
  const events: string[] = [];
  const { runner } = fakeTime({
    observers: [{
      onEnd: ({ name, status }) => void events.push(`${name} ${status}`),
    }],
  });
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    const tasks = c.var.backgroundTasks;
    tasks.with({ name: "cleanup", runOn: "failure" }).addTask(() => {
      tasks.with({ name: "nested" }).addTask(() => {});
      tasks.with({ name: "predicate", runOn: () => false }).addTask(() => {});
    });
    throw new Error("handler failed");
  });
  app.onError((_, c) => c.text("sorry", 500));
  await app.request("/");
  await runner.drain();
  assertEquals(events, [
    "cleanup succeeded",
    "nested succeeded",
    "predicate discarded",
  ]);
});

test("stopOnError lets the rest of a group run, and discards the steps behind it", async () => {
  const { events, advance } = await timeline(
    { stopOnError: true, onTaskError: () => {} },
    (tasks) => {
      const fails = (): never => {
        throw "no";
      };
      const slow = (): Promise<void> => Promise.resolve().then(() => {});
      tasks.addGroup(task(fails), task(slow));
      tasks.with({ name: "always", runOn: "always" }).addTask(() => {});
    },
  );
  await advance(0);
  assertEquals(events.filter((event) => event.includes("end")), [
    "0 end fails #1 failed",
    "0 end slow #1 succeeded",
    "0 end always #0 discarded",
  ]);
});

test("stopOnError does not count a task that was cancelled or discarded", async () => {
  const { events } = await timeline({ stopOnError: true }, (tasks) => {
    tasks.addTask(function cancelled() {}).cancel();
    tasks.with({ name: "discarded", runOn: "failure" }).addTask(() => {});
    tasks.addTask(function last() {});
  });
  assertEquals(events.at(-1), "0 end last #1 succeeded");
});

test("BackgroundTasks.addTask() adds a task that was made before, and runs it once", async () => {
  const { tasks, events } = await timeline({}, (tasks) => {
    const made = task(function made() {});
    assertStrictEquals(tasks.addTask(made), made);
    assertStrictEquals(tasks.addTask(made), made);
    const added = tasks.addTask(function added() {});
    assertStrictEquals(tasks.addTask(added), added);
    assertEquals(tasks.size, 2);
    const policy = tasks.with({ name: "named" });
    const named = policy.addTask(task(() => {}));
    assertEquals(named.name, "named");
    assertStrictEquals(policy.addTask(named), named);
    assertThrows(
      () => new BackgroundTasks().addTask(added),
      TypeError,
      'Cannot add task "added": it was added before; write task(fn, ...args) for another',
    );
    assertThrows(
      () => tasks.addTask(task(() => {}) as never, "argument" as never),
      TypeError,
      "with arguments: it has its own",
    );
  });
  assertEquals(
    events.filter((event) => event.includes("start")),
    ["0 start made #1", "0 start added #1", "0 start named #1"],
  );
  assertEquals(tasks.size, 0);
});

test("maxPending leaves nothing of a refused request behind", async () => {
  const { runner } = fakeTime({ maxPending: 1 });
  const first = openRequest({ runner });
  first.tasks.addTask(() => {});
  const held: string[] = [];
  for (let i = 0; i < 3; i++) {
    const refused = openRequest({ runner });
    try {
      refused.tasks.addTask(() => {});
    } catch (error) {
      held.push((error as Error).name);
    }
    await refused.respond();
    assertEquals([refused.tasks.size, ...refused.tasks], [0]);
  }
  assertEquals(held, Array(3).fill("TaskQueueFullError"));
  await first.respond();
  await runner.drain();
  const again = openRequest({ runner });
  again.tasks.addTask(() => {});
  await again.respond();
  assertEquals((await runner.drain()).finished, 1);
});

test("BackgroundTasks that nobody runs hold no place, no memory and no shutdown", async () => {
  const { runner } = fakeTime({ maxPending: 1 });
  for (let i = 0; i < 3; i++) new BackgroundTasks({ runner }).addTask(() => {});
  assertEquals(runner.stats().pending, 0);
  assertEquals(await runner.drain(), { finished: 0, failed: 0, abandoned: [] });
});

test("BackgroundTasks.runAfter() counts the tasks, and refuses them where there is no room", async () => {
  const { runner } = fakeTime({ maxPending: 1 });
  const first = openRequest({ runner });
  first.tasks.addTask(() => {});
  const tasks = new BackgroundTasks({ runner });
  tasks.addTask(function late() {});
  assertThrows(
    () => tasks.runAfter(new Response()),
    TaskQueueFullError,
    'Cannot add task "late"',
  );
  await first.respond();
  await runner.drain();
  tasks.runAfter(new Response()); // nothing became of them: they can be run later
  assertEquals((await runner.drain()).finished, 1);
});
