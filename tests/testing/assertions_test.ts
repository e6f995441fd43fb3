import { assertEquals, assertThrows } from "@std/assert";
import {
  type BackgroundTasks,
  defineTask,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  assertNoTasksAdded,
  assertTaskAdded,
  assertTaskCount,
  assertTaskOrder,
  TestClient,
} from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

const sendEmail = (..._args: unknown[]): void => {};
const audit = (_userId: number, _action: string): void => {};
const callWebhook = defineTask("call-webhook", (_context, _url: string) => {});

/** A client that has seen tasks. */
async function clientOf(
  add: (tasks: BackgroundTasks) => void,
): Promise<TestClient> {
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    add(tasks);
    return new Response("ok");
  }));
  await client.get("/");
  return client;
}

const signup = (): Promise<TestClient> =>
  clientOf((tasks) => {
    tasks.addTask(sendEmail, "ada@example.com", "Welcome!");
    tasks.addTask(audit, 42, "signup");
    tasks.addTask(callWebhook, "https://example.com/");
  });

/** Asserts that an assertion fails, and with which message. */
function assertFails(assertion: () => unknown, ...lines: string[]): void {
  const error = assertThrows(assertion, Error);
  assertEquals(error.message, lines.join("\n"));
  const { name, operator } = error as Error & { operator?: string };
  assertEquals([name, operator], ["AssertionError", "fail"]);
}

test("assertTaskAdded() finds a task by its function, its name, its arguments, a predicate", async () => {
  const client = await signup();
  assertTaskAdded(client, sendEmail);
  assertTaskAdded(client, "sendEmail");
  assertTaskAdded(client, sendEmail, ["ada@example.com", "Welcome!"]);
  assertTaskAdded(client, callWebhook, ["https://example.com/"]);
  assertTaskAdded(
    client,
    "call-webhook",
    ({ status }) => status === "succeeded",
  );
  assertEquals(assertTaskAdded(client, audit).args, [42, "signup"]);
});

test("assertTaskAdded() fails with what was added instead, and which argument differs", async () => {
  const client = await signup();
  assertFails(
    () => assertTaskAdded(client, sendEmail, ["bob@example.com", "Welcome!"]),
    'Cannot find the task sendEmail("bob@example.com", "Welcome!")',
    "3 tasks were added:",
    '  sendEmail("ada@example.com", "Welcome!"): argument 1 is "ada@example.com" instead of "bob@example.com"',
    '  audit(42, "signup"): another task',
    '  call-webhook("https://example.com/"): another task',
  );
  assertFails(
    () => assertTaskAdded(client, audit, [43] as never),
    "Cannot find the task audit(43)",
    "3 tasks were added:",
    '  sendEmail("ada@example.com", "Welcome!"): another task',
    '  audit(42, "signup"): argument 1 is 42 instead of 43, 2 arguments instead of 1',
    '  call-webhook("https://example.com/"): another task',
  );
});

test("assertTaskAdded() fails when there is no such task, no task at all, or another of its name", async () => {
  const client = await clientOf((tasks) => void tasks.addTask(audit, 1, "in"));
  assertFails(
    () => assertTaskAdded(client, "sendEmail"),
    "Cannot find the task sendEmail",
    "1 task was added:",
    '  audit(1, "in"): another task',
  );
  assertFails(
    () => assertTaskAdded(client, audit, ({ attempts }) => attempts > 1),
    "Cannot find the task audit that the predicate wants",
    "1 task was added:",
    '  audit(1, "in"): the predicate said no',
  );
  const other = { audit: (): void => {} };
  assertFails(
    () => assertTaskAdded(client, other.audit),
    "Cannot find the task audit",
    "1 task was added:",
    '  audit(1, "in"): another function of the same name',
  );
  assertFails(
    () =>
      assertTaskAdded(new TestClient(() => new Response()), audit, [] as never),
    "Cannot find the task audit()",
    "No tasks were added.",
  );
});

test("assertTaskAdded() compares arguments deeply", async () => {
  const order = {
    id: 7n,
    at: new Date(0),
    lines: [{ name: "tea", tags: new Set(["hot"]) }],
    by: new Map([["ada", NaN]]),
    url: new URL("https://example.com/a"),
    why: new Error("asked"),
    raw: new Uint8Array([1, 2]),
  };
  const client = await clientOf((tasks) =>
    void tasks.addTask(sendEmail, order)
  );
  assertTaskAdded(client, sendEmail, [structuredCloneOf(order)]);
  const differing: [Partial<Record<keyof typeof order, unknown>>, string][] = [
    [{ id: 8n }, ".id is 7n instead of 8n"],
    [{ at: new Date(1) }, ".at is Date(0) instead of Date(1)"],
    [
      { lines: [{ name: "tea", tags: new Set(["cold"]) }] },
      '.lines[0].tags is Set("hot") instead of Set("cold")',
    ],
    [
      { lines: [] },
      '.lines is [{ name: "tea", tags: Set("hot") }] instead of []',
    ],
    [
      { lines: [{ name: "tea" }] },
      '.lines[0].tags is Set("hot") instead of missing',
    ],
    [
      { lines: [{ ...order.lines[0], more: 1 }] },
      ".lines[0].more is missing",
    ],
    [
      { by: new Map([["ada", 1]]) },
      '.by is Map(["ada", NaN]) instead of Map(["ada", 1])',
    ],
    [
      { url: new URL("https://example.com/b") },
      '.url is URL("https://example.com/a") instead of URL("https://example.com/b")',
    ],
    [
      { why: new TypeError("asked") },
      ".why is Error: asked instead of TypeError: asked",
    ],
    [{ why: new Error("told") }, ".why is Error: asked instead of Error: told"],
    [{ raw: new Uint8Array([1, 3]) }, ".raw[1] is 2 instead of 3"],
    [
      { raw: new Uint8Array([1]) },
      ".raw is Uint8Array(2) instead of Uint8Array(1)",
    ],
    [{ raw: [1, 2] }, ".raw is Uint8Array(2) instead of [1, 2]"],
    [{ by: null }, '.by is Map(["ada", NaN]) instead of null'],
  ];
  for (const [change, message] of differing) {
    const error = assertThrows(
      () => assertTaskAdded(client, sendEmail, [{ ...order, ...change }]),
      Error,
    );
    assertEquals(error.message.split(": argument 1").at(-1), message);
  }
});

function structuredCloneOf<T extends object>(value: T): T {
  const copy = structuredClone({ ...value, url: undefined });
  return { ...copy, url: new URL("https://example.com/a") } as T;
}

/** What a failing assertion says of the first argument. */
async function differenceOf(
  actual: unknown,
  expected: unknown,
): Promise<string | undefined> {
  const client = await clientOf((tasks) =>
    void tasks.addTask(sendEmail, actual)
  );
  try {
    assertTaskAdded(client, sendEmail, [expected]);
    return undefined;
  } catch (error) {
    return (error as Error).message.split(": argument 1").at(-1);
  }
}

/** An object of each kind that shows nothing of its content, made of a text. */
const HIDDEN: Readonly<Record<string, (text: string) => unknown>> = {
  URLSearchParams: (text) => new URLSearchParams({ text }),
  Headers: (text) => new Headers({ text }),
  FormData: (text) => {
    const form = new FormData();
    form.set("text", text);
    return form;
  },
  ArrayBuffer: (text) => new TextEncoder().encode(text).buffer,
  DataView: (text) => new DataView(new TextEncoder().encode(text).buffer),
  String: (text) => Object(text),
  BigInt: (text) => Object(BigInt(text.length)),
  symbol: (text) => ({ [Symbol.for("key")]: text }),
  cause: (text) => new Error("asked", { cause: { text } }),
  errors: (text) => new AggregateError([new Error(text)], "asked"),
  ...("Temporal" in globalThis && {
    Temporal: (text: string) =>
      temporal().Instant.fromEpochMilliseconds(text.length),
  }),
};

for (const [kind, make] of Object.entries(HIDDEN)) {
  test(`assertTaskAdded() compares what an argument keeps inside: ${kind}`, async () => {
    assertEquals(await differenceOf(make("a"), make("a")), undefined);
    const found = await differenceOf(make("a"), make("bcd"));
    assertEquals(typeof found, "string");
  });
}

/** Not every runtime has it, and not every library of types. */
function temporal(): {
  Instant: { fromEpochMilliseconds(time: number): unknown };
} {
  return (globalThis as unknown as { Temporal: ReturnType<typeof temporal> })
    .Temporal;
}

test("assertTaskAdded() says what differs inside an argument", async () => {
  const { URLSearchParams, Headers, ArrayBuffer, cause, symbol } = HIDDEN;
  const cases: [unknown, unknown, string][] = [
    [
      URLSearchParams!("a"),
      URLSearchParams!("b"),
      ' is URLSearchParams(["text", "a"]) instead of URLSearchParams(["text", "b"])',
    ],
    [
      Headers!("a"),
      Headers!("b"),
      ' is Headers(["text", "a"]) instead of Headers(["text", "b"])',
    ],
    [ArrayBuffer!("a"), ArrayBuffer!("b"), "[0] is 97 instead of 98"],
    [
      ArrayBuffer!("a"),
      ArrayBuffer!("bc"),
      " is ArrayBuffer(1) instead of ArrayBuffer(2)",
    ],
    [cause!("a"), cause!("b"), '.cause.text is "a" instead of "b"'],
    [
      cause!("a"),
      new Error("asked"),
      '.cause is { text: "a" } instead of missing',
    ],
    [symbol!("a"), symbol!("b"), '.Symbol(key) is "a" instead of "b"'],
  ];
  for (const [actual, expected, message] of cases) {
    assertEquals(await differenceOf(actual, expected), message);
  }
});

test("assertTaskAdded() wants the very object where nothing shows what is in it", async () => {
  class UserId {
    readonly #id: number;
    constructor(id: number) {
      this.#id = id;
    }
    valueOf(): number {
      return this.#id;
    }
  }
  const pairs: [unknown, unknown][] = [
    [new UserId(1), new UserId(1)],
    [new Blob(["a"]), new Blob(["a"])],
    [new Request("http://a.example"), new Request("http://a.example")],
    [Promise.resolve(1), Promise.resolve(1)],
  ];
  for (const [actual, other] of pairs) {
    assertEquals(await differenceOf(actual, actual), undefined);
    const { name } = (actual as object).constructor;
    assertEquals(
      await differenceOf(actual, other),
      ` is another ${name}, whose content is private and was not looked at`,
    );
  }
  assertEquals(await differenceOf({}, {}), undefined);
  assertEquals(await differenceOf([], []), undefined);
});

test("assertTaskAdded() compares sets and maps in any order", async () => {
  const sets = (...values: unknown[]): unknown => new Set(values);
  const maps = (...values: [unknown, unknown][]): unknown => new Map(values);
  assertEquals(await differenceOf(sets(1, 2), sets(2, 1)), undefined);
  assertEquals(
    await differenceOf(sets({ a: 1 }, { a: 2 }), sets({ a: 2 }, { a: 1 })),
    undefined,
  );
  assertEquals(
    await differenceOf(sets({ a: 1 }, { a: 2 }), sets({ a: 1 }, { a: 1 })),
    " is Set({ a: 1 }, { a: 2 }) instead of Set({ a: 1 }, { a: 1 })",
  );
  assertEquals(
    await differenceOf(sets(1, 2), sets(1)),
    " is Set(1, 2) instead of Set(1)",
  );
  assertEquals(
    await differenceOf(maps(["a", 1], ["b", 2]), maps(["b", 2], ["a", 1])),
    undefined,
  );
  assertEquals(
    await differenceOf(maps(["a", 1], ["b", 2]), maps(["b", 1], ["a", 2])),
    ' is Map(["a", 1], ["b", 2]) instead of Map(["b", 1], ["a", 2])',
  );
  const byKey = (...ids: number[]): unknown =>
    maps(...ids.map((id): [unknown, unknown] => [{ id }, { id }]));
  assertEquals(await differenceOf(byKey(1, 2), byKey(2, 1)), undefined);
  assertEquals(
    typeof await differenceOf(byKey(1, 2), byKey(2, 2)),
    "string",
  );
});

test("assertTaskAdded() refuses a predicate that returns a promise", async () => {
  const client = await signup();
  const later = (() => Promise.resolve(false)) as unknown as () => boolean;
  const { message } = assertThrows(
    () => assertTaskAdded(client, sendEmail, later),
    TypeError,
  );
  assertEquals(
    message,
    "Cannot use what the predicate returned: it is a Promise; write a function that returns true or false",
  );
});

test("assertTaskAdded() compares circles, and cuts what is long or deep", async () => {
  const circle = (name: string): object => {
    const self: Record<string, unknown> = { name };
    return Object.assign(self, { self });
  };
  const client = await clientOf((tasks) =>
    void tasks.addTask(sendEmail, circle("a"), "x".repeat(500))
  );
  assertTaskAdded(client, sendEmail, [circle("a"), "x".repeat(500)]);
  const { message } = assertThrows(
    () => assertTaskAdded(client, sendEmail, [circle("b"), ""]),
    Error,
  );
  assertEquals(
    message.includes('argument 1.name is "a" instead of "b"'),
    true,
    message,
  );
  assertEquals(message.includes("self: {…}"), true, message);
  assertEquals(message.includes("x".repeat(199) + "…"), true, message);
});

test("assertTaskAdded() looks no further than it prints", async () => {
  let read = 0;
  const order = {
    get id(): number {
      return ++read;
    },
  };
  const client = await clientOf((tasks) => {
    const orders = Array.from({ length: 10_000 }, () => order);
    tasks.addTask(sendEmail, { orders });
    tasks.addTask(sendEmail, new Uint8Array(5_000_000));
    tasks.addTask(sendEmail, new BigInt64Array(2), new ArrayBuffer(3));
  });
  read = 0; // the page of devtools() may have looked too
  const [first, second, third] = client.tasks.added.map(String);
  assertEquals(first?.startsWith("sendEmail({ orders: [{ id: 1 }, {"), true);
  assertEquals(read < 100, true, `${read} were read`);
  assertEquals(second, "sendEmail(Uint8Array(5000000))");
  assertEquals(third, "sendEmail(BigInt64Array(2), ArrayBuffer(3))");
});

test("assertTaskAdded() lets a matcher judge an argument", async () => {
  const anyString = {
    asymmetricMatch: (value: unknown) => typeof value === "string",
  };
  const client = await clientOf((tasks) => void tasks.addTask(audit, 42, "in"));
  assertTaskAdded(client, audit, [42, anyString]);
  assertFails(
    () => assertTaskAdded(client, audit, [anyString, "in"]),
    'Cannot find the task audit({ asymmetricMatch: [function asymmetricMatch] }, "in")',
    "1 task was added:",
    '  audit(42, "in"): argument 1 is 42, which does not match',
  );
});

test("assertTaskAdded() prints a matcher of Vitest or Jest by its name and its sample", async () => {
  const matcher = (name: string, sample: unknown) => ({
    $$typeof: Symbol.for("jest.asymmetricMatcher"),
    sample,
    inverse: false,
    asymmetricMatch: () => false,
    toString: () => name,
  });
  const client = await clientOf((tasks) => void tasks.addTask(audit, 42, "in"));
  assertFails(
    () =>
      assertTaskAdded(client, audit, [
        matcher("Any", String),
        matcher("StringContaining", "out"),
      ]),
    'Cannot find the task audit(Any([function String]), StringContaining("out"))',
    "1 task was added:",
    '  audit(42, "in"): argument 1 is 42, which does not match, argument 2 is "in", which does not match',
  );
});

test("assertTaskAdded() leaves the matchers of a set what nothing else is equal to", async () => {
  const anyNumber = {
    asymmetricMatch: (value: unknown) => typeof value === "number",
  };
  const client = await clientOf((tasks) => {
    tasks.addTask(sendEmail, new Set([1, 2, "a"]));
    tasks.addTask(sendEmail, new Map([[1, "one"], [2, "two"]]));
  });
  assertTaskAdded(client, sendEmail, [new Set([anyNumber, "a", 1])]);
  assertTaskAdded(client, sendEmail, [
    new Map<unknown, unknown>([[anyNumber, "two"], [1, "one"]]),
  ]);
  for (const wrong of [[anyNumber, "a"], [anyNumber, "a", 1, 2]]) {
    assertThrows(() => assertTaskAdded(client, sendEmail, [new Set(wrong)]));
  }
});

test("assertTaskCount() counts tasks, and fails with what was added", async () => {
  const client = await clientOf((tasks) => {
    tasks.addTask(audit, 1, "in");
    tasks.addTask(audit, 2, "in");
  });
  assertTaskCount(client, audit, 2);
  assertTaskCount(client, "audit", 1, [1, "in"]);
  assertTaskCount(client, sendEmail, 0);
  assertFails(
    () => assertTaskCount(client, audit, 1),
    "Cannot find the task audit once: it was added 2 times",
    "2 tasks were added:",
    '  audit(1, "in")',
    '  audit(2, "in")',
  );
  assertFails(
    () => assertTaskCount(client, audit, 2, [1, "in"]),
    'Cannot find the task audit(1, "in") 2 times: it was added once',
    "2 tasks were added:",
    '  audit(1, "in")',
    '  audit(2, "in"): argument 1 is 2 instead of 1',
  );
});

test("assertNoTasksAdded() fails with what was added", async () => {
  assertNoTasksAdded(await clientOf(() => {}));
  const client = await clientOf((tasks) => void tasks.addTask(audit, 1, "in"));
  assertNoTasksAdded(client, sendEmail);
  assertFails(
    () => assertNoTasksAdded(client),
    "Expected no tasks, but 1 task was added:",
    '  audit(1, "in")',
  );
  assertFails(
    () => assertNoTasksAdded(client, audit),
    "Expected no task audit, but 1 task was added:",
    '  audit(1, "in")',
  );
});

test("assertTaskOrder() allows others in between, and fails with the order there was", async () => {
  const client = await signup();
  assertTaskOrder(client, [sendEmail, audit, callWebhook]);
  assertTaskOrder(client, ["sendEmail", "call-webhook"]);
  const added = [
    "3 tasks were added:",
    '  sendEmail("ada@example.com", "Welcome!")',
    '  audit(42, "signup")',
    '  call-webhook("https://example.com/")',
  ];
  assertFails(
    () => assertTaskOrder(client, [audit, sendEmail]),
    "Cannot find the task sendEmail behind audit: expected audit, sendEmail",
    ...added,
  );
  assertFails(
    () => assertTaskOrder(client, ["other", audit]),
    "Cannot find the task other: expected other, audit",
    ...added,
  );
  assertFails(
    () => assertTaskOrder(client, [audit, audit]),
    "Cannot find the task audit behind audit: expected audit, audit",
    ...added,
  );
});

test("The assertions refuse what is no client, no task and nothing to expect, saying what to write", async () => {
  const client = await signup();
  const wrong = (value: unknown) => value as never;
  const cases: [() => unknown, typeof TypeError, string][] = [
    [
      () => assertTaskAdded(client, sendEmail, wrong("a")),
      TypeError,
      'Cannot expect "a" of a task: write all of its arguments in an array, or a predicate',
    ],
    [
      () => assertTaskAdded(wrong(client.tasks), sendEmail),
      TypeError,
      "Cannot look for tasks in a LoggedTasks: write the TestClient that sent the requests",
    ],
    [
      () => assertNoTasksAdded(wrong(undefined)),
      TypeError,
      "Cannot look for tasks in undefined: write the TestClient that sent the requests",
    ],
    [
      () => assertTaskAdded(client, wrong(undefined)),
      TypeError,
      "Cannot look for the task undefined: write the function that was added, or its name",
    ],
    [
      () => assertNoTasksAdded(client, wrong(1)),
      TypeError,
      "Cannot look for the task 1: write the function that was added, or its name",
    ],
    [
      () => assertTaskCount(client, sendEmail, wrong(undefined)),
      TypeError,
      "Cannot use count undefined: it must be an integer of at least 0",
    ],
    [
      () => assertTaskCount(client, sendEmail, -1),
      RangeError,
      "Cannot use count -1: it must be an integer of at least 0",
    ],
    [
      () => assertTaskOrder(client, wrong(sendEmail)),
      TypeError,
      "Cannot look for the order a function: write an array such as [saveReport, sendEmail]",
    ],
    [
      () => assertTaskOrder(client, []),
      RangeError,
      "Cannot look for an order of no tasks: write an array such as [saveReport, sendEmail]",
    ],
    [
      () => assertTaskOrder(client, ["sendEmail", wrong(undefined)]),
      TypeError,
      "Cannot look for the task undefined: write the function that was added, or its name",
    ],
  ];
  for (const [call, kind, message] of cases) {
    assertEquals(assertThrows(call, kind).message, message);
  }
});

test("assertions print arguments that throw when they are looked at", async () => {
  const trap = {
    get value(): never {
      throw new Error("do not touch");
    },
  };
  const client = await clientOf((tasks) => tasks.addTask(sendEmail, trap));
  assertFails(
    () => assertTaskAdded(client, audit),
    "Cannot find the task audit",
    "1 task was added:",
    "  sendEmail({ value: …): another task",
  );
});

test("assertions go on where a matcher throws what nobody can look at", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const matcher = {
    asymmetricMatch: (): never => {
      throw proxy;
    },
    toString: () => "Hostile",
  };
  const client = await clientOf((tasks) => void tasks.addTask(audit, 42, "in"));
  const error = assertThrows(
    () => assertTaskAdded(client, audit, [matcher, "in"]),
    Error,
  );
  assertEquals(
    error.message.split("\n").at(-1),
    '  audit(42, "in"): argument 1 cannot be compared: an error that has no text',
  );
});

test("assertTaskAdded() takes what the language has of another realm for its own", async () => {
  const values = (): unknown[] => [
    { email: "ada@example.com", list: [1, { two: 2 }] },
    ...[[1, 2], new Date(0), new Map([["a", 1]]), new Set([1]), /x/g],
    ...[new Error("away"), new Number(1)],
  ];
  const client = await clientOf((tasks) => {
    for (const value of values()) tasks.addTask(sendEmail, foreign(value));
    tasks.addTask(sendEmail, Object.assign(Object.create(null), { a: 1 }));
  });
  for (const value of [...values(), { a: 1 }]) {
    assertTaskAdded(client, sendEmail, [value]);
    assertTaskAdded(client, sendEmail, [foreign(value)]);
  }
  assertFails(
    () => assertTaskAdded(client, sendEmail, [new Date(1)]),
    "Cannot find the task sendEmail(Date(1))",
    "9 tasks were added:",
    ...[
      '{ email: "ada@example.com", list: [1, { two: 2 }] }',
      ...["[1, 2]", "Date(0)", 'Map(["a", 1])', "Set(1)", "/x/g"],
      ...["Error: away", "Number(1)", "{ a: 1 }"],
    ].map((text) =>
      `  sendEmail(${text}): argument 1 is ${text} instead of Date(1)`
    ),
  );
});

test("assertTaskAdded() compares the bytes of a buffer of another realm", async () => {
  const bufferOf = (byte: number): ArrayBuffer =>
    foreign(new Uint8Array([byte]).buffer);
  const client = await clientOf((tasks) =>
    tasks.addTask(sendEmail, bufferOf(1))
  );
  assertTaskAdded(client, sendEmail, [new Uint8Array([1]).buffer]);
  assertThrows(() => assertTaskAdded(client, sendEmail, [bufferOf(2)]), Error);
});

test("assertTaskAdded() compares what another realm made as it was when the task was added", async () => {
  const list = foreign([1]);
  const client = await clientOf((tasks) =>
    tasks.addTask(function empty(list: number[]) {
      list.length = 0;
    }, list)
  );
  assertTaskAdded(client, "empty", [[1]]);
});

/** A value with prototypes of its own, as one of `node:vm` has, or of Node's core in a test of Jest. */
function foreign<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const root = Object.create(
    null,
    Object.getOwnPropertyDescriptors(Object.prototype),
  );
  const own = Object.getPrototypeOf(value);
  const prototype = own === Object.prototype
    ? root
    : Object.create(root, Object.getOwnPropertyDescriptors(own));
  for (const part of Object.values(value)) foreign(part);
  return Object.setPrototypeOf(value, prototype);
}
