import { describeValue } from "../check/check.ts";
import { check, type Rule } from "../check/rules.ts";
import {
  AssertionError,
  checkReference,
  describe,
  fail,
  isTask,
  list,
  matches,
  nameOf,
  tasksOf,
  type TaskWitness,
  times,
  were,
} from "./near_misses.ts";
import type { ExpectedTask, TaskReference } from "./expected_task.ts";
import type { RecordedTask } from "./recorded_task.ts";

/** The rule of how often a task was added. */
const COUNT: Rule<number> = [
  "number",
  "it must be an integer of at least 0",
  (value) => Number.isInteger(value) && value >= 0,
];

/**
 * Asserts that a task was added, whatever became of it.
 *
 * Arguments are compared as they were when the task was added, and deeply: by their class, their own
 * enumerable properties, and what a date, a set, `Headers`, a buffer and the like keep inside. No
 * runtime shows private fields, so they are not looked at; an object of a class that shows nothing of
 * what is in it, such as a `Blob` or one with private fields alone, is equal to itself only. A matcher
 * of Vitest or Jest, such as `expect.any(String)`, may stand for an argument. A failure prints what was
 * added instead, and which argument differs.
 *
 * @example By its arguments, by its name, by a predicate
 * ```ts
 * import { withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertTaskAdded, TestClient } from "@postlude/background-tasks/testing";
 *
 * const sendEmail = (to: string) => void to;
 * const client = new TestClient(withBackgroundTasks((_request, tasks) => {
 *   tasks.addTask(sendEmail, "ada@example.com");
 *   return new Response("ok");
 * }));
 *
 * await client.get("/");
 * assertTaskAdded(client, sendEmail, ["ada@example.com"]);
 * assertTaskAdded(client, "sendEmail");
 * assertTaskAdded(client, sendEmail, ({ attempts }) => attempts === 1);
 * ```
 *
 * @typeParam Task The function, whose parameters the arguments are checked against; or its name.
 * @param client The client that sent the requests.
 * @param task The function that was added, or its name.
 * @param expected All of its arguments, or a predicate; any when left out.
 * @returns The first such task.
 * @throws {TypeError} If a parameter is of the wrong kind, or the predicate returns a promise.
 * @throws {Error} If there is none: an `AssertionError`.
 */
export function assertTaskAdded<Task extends TaskReference>(
  client: TaskWitness,
  task: Task,
  expected?: ExpectedTask<Task>,
): RecordedTask {
  const [found] = matches(client, task, expected);
  if (found !== undefined) return found;
  return fail(
    `Cannot find the task ${describe(task, expected)}`,
    client,
    task,
    expected,
  );
}

/**
 * Asserts how often a task was added.
 *
 * @example
 * ```ts
 * import { withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertTaskCount, TestClient } from "@postlude/background-tasks/testing";
 *
 * const warmCache = (key: string) => void key;
 * const client = new TestClient(withBackgroundTasks((_request, tasks) => {
 *   for (const key of ["users", "orders"]) tasks.addTask(warmCache, key);
 *   return new Response("ok");
 * }));
 *
 * await client.get("/");
 * assertTaskCount(client, warmCache, 2);
 * assertTaskCount(client, warmCache, 1, ["users"]);
 * ```
 *
 * @typeParam Task The function, whose parameters the arguments are checked against; or its name.
 * @param client The client that sent the requests.
 * @param task The function that was added, or its name.
 * @param count How often.
 * @param expected All of its arguments, or a predicate; any when left out.
 * @throws {TypeError} If a parameter is of the wrong kind, or the predicate returns a promise.
 * @throws {RangeError} If the count is not an integer of at least 0.
 * @throws {Error} If it was added more or less often: an `AssertionError`.
 */
export function assertTaskCount<Task extends TaskReference>(
  client: TaskWitness,
  task: Task,
  count: number,
  expected?: ExpectedTask<Task>,
): void {
  check("count", count, COUNT);
  const found = matches(client, task, expected).length;
  if (found === count) return;
  fail(
    `Cannot find the task ${describe(task, expected)} ${
      times(count)
    }: it was added ${times(found)}`,
    client,
    task,
    expected,
  );
}

/**
 * Asserts that no task was added.
 *
 * @example
 * ```ts
 * import { assertNoTasksAdded, TestClient } from "@postlude/background-tasks/testing";
 *
 * const client = new TestClient(() => new Response("ok"));
 * await client.get("/health");
 * assertNoTasksAdded(client);
 * ```
 *
 * @param client The client that sent the requests.
 * @param task Only this one; any task when left out.
 * @throws {TypeError} If a parameter is of the wrong kind.
 * @throws {Error} If one was added: an `AssertionError`.
 */
export function assertNoTasksAdded(
  client: TaskWitness,
  task?: TaskReference,
): void {
  if (task !== undefined) checkReference(task);
  const found = tasksOf(client).filter((each) =>
    task === undefined || isTask(each, task)
  );
  if (found.length === 0) return;
  const what = task === undefined ? "no tasks" : `no task ${nameOf(task)}`;
  throw new AssertionError(
    [`Expected ${what}, but ${were(found.length)} added:`, ...found].join(
      "\n  ",
    ),
  );
}

/**
 * Asserts that tasks were added in an order, which is the order they run in. Others may have been
 * added in between.
 *
 * @example
 * ```ts
 * import { withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertTaskOrder, TestClient } from "@postlude/background-tasks/testing";
 *
 * const saveReport = () => {};
 * const sendEmail = (to: string) => void to;
 * const client = new TestClient(withBackgroundTasks((_request, tasks) => {
 *   tasks.addTask(saveReport);
 *   tasks.addTask(sendEmail, "ada@example.com");
 *   return new Response("ok");
 * }));
 *
 * await client.get("/");
 * assertTaskOrder(client, [saveReport, sendEmail]);
 * ```
 *
 * @param client The client that sent the requests.
 * @param order The functions that were added, or their names.
 * @throws {TypeError} If a parameter is of the wrong kind.
 * @throws {RangeError} If the order is empty.
 * @throws {Error} If one is missing, or was added earlier: an `AssertionError`.
 */
export function assertTaskOrder(
  client: TaskWitness,
  order: readonly TaskReference[],
): void {
  checkOrder(order);
  const added = tasksOf(client);
  let next = 0;
  for (const task of added) {
    if (next < order.length && isTask(task, order[next]!)) next++;
  }
  if (next === order.length) return;
  const missing = nameOf(order[next]!);
  const behind = next === 0 ? "" : ` behind ${nameOf(order[next - 1]!)}`;
  throw new AssertionError(
    `Cannot find the task ${missing}${behind}: expected ${
      order.map(nameOf).join(", ")
    }\n${list(added, () => "")}`,
  );
}

function checkOrder(order: readonly TaskReference[]): void {
  const example = "write an array such as [saveReport, sendEmail]";
  if (!Array.isArray(order)) {
    throw new TypeError(
      `Cannot look for the order ${describeValue(order)}: ${example}`,
    );
  }
  if (order.length === 0) {
    throw new RangeError(`Cannot look for an order of no tasks: ${example}`);
  }
  order.forEach(checkReference);
}
