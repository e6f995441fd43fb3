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
  assertEquals(error.name, "AssertionError");
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
    () => assertTaskAdded(client, audit, [43]),
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
    () => assertTaskAdded(new TestClient(() => new Response()), audit, []),
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
      '.lines[0].tags[0] is "hot" instead of "cold"',
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
    [{ by: new Map([["ada", 1]]) }, ".by[0][1] is NaN instead of 1"],
    [
      { url: new URL("https://example.com/b") },
      '.url is URL("https://example.com/a") instead of URL("https://example.com/b")',
    ],
    [
      { why: new TypeError("asked") },
      ".why is Error: asked instead of TypeError: asked",
    ],
    [{ why: new Error("told") }, ".why is Error: asked instead of Error: told"],
    [{ raw: new Uint8Array([1, 3]) }, ".raw.1 is 2 instead of 3"],
    [{ raw: [1, 2] }, ".raw is Uint8Array { 0: 1, 1: 2 } instead of [1, 2]"],
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
  assertTaskOrder(client, []);
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
