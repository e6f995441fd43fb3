import { describeValue } from "../check/check.ts";
import { askPredicate } from "../check/user_code.ts";
import { formatCall } from "../check/format.ts";
import { difference } from "./difference.ts";
import type { ExpectedTask, TaskReference } from "./expected_task.ts";
import { argumentsOf, type RecordedTask } from "./recorded_task.ts";
import { classesIn } from "./snapshot.ts";
import type { TestTasks } from "./test_tasks.ts";

/** An object that has seen tasks: a `TestClient`. */
export interface TaskWitness {
  /** The tasks it has seen. */
  readonly tasks: TestTasks;
}

/** An error that test runners show as a failed assertion, which they know by its name. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
  /** As that of `assert.fail()`: Jest compares no values then, of which there are none. */
  readonly operator = "fail";
}

/** The tasks that a client has seen. */
export function tasksOf(client: TaskWitness): RecordedTask[] {
  const tasks: unknown = client?.tasks;
  if (typeof tasks === "object" && tasks !== null && Symbol.iterator in tasks) {
    return [...client.tasks];
  }
  throw new TypeError(
    `Cannot look for tasks in ${
      describeValue(client)
    }: write the TestClient that sent the requests`,
  );
}

/** Refuses a value that can name no task: an assertion with it would fail without saying why. */
export function checkReference(task: TaskReference): void {
  if (typeof task === "string" || typeof task === "function") return;
  throw new TypeError(
    `Cannot look for the task ${
      describeValue(task)
    }: write the function that was added, or its name`,
  );
}

/** The tasks that were added as expected. */
export function matches(
  client: TaskWitness,
  task: TaskReference,
  expected: ExpectedTask | undefined,
): RecordedTask[] {
  checkReference(task);
  if (
    expected !== undefined && typeof expected !== "function" &&
    !Array.isArray(expected)
  ) {
    throw new TypeError(
      `Cannot expect ${
        describeValue(expected)
      } of a task: write all of its arguments in an array, or a predicate`,
    );
  }
  return tasksOf(client).filter((each) =>
    isTask(each, task) && mismatch(each, expected) === undefined
  );
}

/** Whether a recorded task is the one that is meant. */
export function isTask(recorded: RecordedTask, task: TaskReference): boolean {
  return typeof task === "string"
    ? recorded.name === task
    : recorded.fn === task;
}

/** Why a task is not the expected one, though its function is. */
function mismatch(
  recorded: RecordedTask,
  expected: ExpectedTask | undefined,
): string | undefined {
  if (expected === undefined) return undefined;
  if (typeof expected === "function") {
    const isExpected = askPredicate("the predicate", () => expected(recorded));
    return isExpected ? undefined : "the predicate said no";
  }
  const args = argumentsOf(recorded);
  const differences = expected.slice(0, args.length).map((each, index) =>
    difference(args[index], each, `argument ${index + 1}`)
  ).filter((each) => each !== undefined);
  if (args.length !== expected.length) {
    differences.push(`${argumentCount(args)} instead of ${expected.length}`);
  }
  return differences.length === 0 ? undefined : differences.join(", ");
}

/** Fails with what was added instead, and why each of it is not what was expected. */
export function fail(
  message: string,
  client: TaskWitness,
  task: TaskReference,
  expected: ExpectedTask | undefined,
): never {
  const reason = (each: RecordedTask): string => {
    if (isTask(each, task)) return mismatch(each, expected) ?? "";
    return each.name === nameOf(task)
      ? "another function of the same name"
      : "another task";
  };
  const tasks = tasksOf(client);
  const note = privateStateOf(tasks, task, expected);
  throw new AssertionError(`${message}\n${list(tasks, reason)}${note}`);
}

/** Names the classes whose private fields no comparison can see. */
function privateStateOf(
  tasks: readonly RecordedTask[],
  task: TaskReference,
  expected: ExpectedTask | undefined,
): string {
  if (!Array.isArray(expected)) return "";
  const equal = tasks.filter((each) =>
    isTask(each, task) && mismatch(each, expected) === undefined
  );
  const classes = new Set(
    equal.flatMap((each) => classesIn(argumentsOf(each))),
  );
  if (classes.size === 0) return "";
  const names = [...classes].join(", ");
  return `\nPrivate fields were not looked at: no runtime shows those of ${names}.`;
}

/** What was added instead, each with the reason why it does not count. */
export function list(
  tasks: readonly RecordedTask[],
  reason: (task: RecordedTask) => string,
): string {
  if (tasks.length === 0) return "No tasks were added.";
  const lines = tasks.map((task) => {
    const why = reason(task);
    return why === "" ? `  ${task}` : `  ${task}: ${why}`;
  });
  return [`${were(tasks.length)} added:`, ...lines].join("\n");
}

export function describe(
  task: TaskReference,
  expected: ExpectedTask | undefined,
): string {
  if (expected === undefined) return nameOf(task);
  return typeof expected === "function"
    ? `${nameOf(task)} that the predicate wants`
    : formatCall(nameOf(task), expected);
}

/** What to call a task in a failure. */
export function nameOf(task: TaskReference): string {
  return typeof task === "string" ? task : task.name || "anonymous";
}

export function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

export function were(count: number): string {
  return count === 1 ? "1 task was" : `${count} tasks were`;
}

function argumentCount(args: readonly unknown[]): string {
  return args.length === 1 ? "1 argument" : `${args.length} arguments`;
}
