/**
 * What is expected of a task is typed by the task: the type check of the project is the test, the
 * bodies never run.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { DefinedTask } from "@postlude/background-tasks";
import {
  assertTaskAdded,
  assertTaskCount,
  type ExpectedTask,
  type TaskMatcher,
  type TaskReference,
  type TestClient,
} from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

/** Is checked by the compiler, and never run. */
const bodies: (() => void)[] = [];
const compiles = (body: () => void): void => void bodies.push(body);

declare const client: TestClient;
declare const matcher: TaskMatcher;
declare function sendEmail(to: string, subject?: string): Promise<void>;
declare function ship(order: { readonly id: string }, by: "air" | "sea"): void;
declare function nothing(): void;
declare function rest(first: string, ...others: number[]): void;
declare function two(id: string): void;
declare function two(id: number, exact: boolean): void;
declare function save<T extends { id: string }>(table: string, row: T): void;
declare function keyOf<T, K extends keyof T>(value: T, key: K): void;
declare function anything(...args: unknown[]): void;
declare const defined: DefinedTask<[url: string, id: number]>;
declare const reference: TaskReference;
declare const method: (this: { host: string }, to: string) => void;

compiles(() => {
  assertTaskAdded(client, sendEmail, ["ada@example.com"]);
  assertTaskAdded(client, sendEmail, ["ada@example.com", "Welcome!"]);
  assertTaskAdded(client, ship, [{ id: "1" }, "air"]);
  assertTaskAdded(client, nothing, []);
  assertTaskAdded(client, rest, ["a", 1, 2]);
  assertTaskAdded(client, two, ["1"]);
  assertTaskAdded(client, two, [1, true]);
  assertTaskAdded(client, save, ["orders", { id: "1" }]);
  assertTaskAdded(client, keyOf, [{ a: 1 }, "a"]);
  assertTaskAdded(client, anything, [1, "a", {}]);
  assertTaskAdded(client, defined, ["https://example.com/", 1]);
  assertTaskAdded(client, method, ["ada@example.com"]);
  assertTaskCount(client, sendEmail, 1, ["ada@example.com"]);
  assertTaskAdded(client, "send-email", [42]);
  assertTaskAdded(client, reference, ["a"]);
  assertTaskAdded(client, sendEmail, ({ args }) => args.length === 1);
});

compiles(() => {
  // @ts-expect-error: the argument is a string
  assertTaskAdded(client, sendEmail, [42]);
  // @ts-expect-error: the argument is a string
  assertTaskCount(client, sendEmail, 1, [42]);
  // @ts-expect-error: the first argument is missing
  assertTaskAdded(client, sendEmail, []);
  // @ts-expect-error: all arguments are expected
  assertTaskAdded(client, ship, [{ id: "1" }]);
  // @ts-expect-error: one argument too many
  assertTaskAdded(client, nothing, [1]);
  // @ts-expect-error: no such way to ship
  assertTaskAdded(client, ship, [{ id: "1" }, "rail"]);
  // @ts-expect-error: the ID is a number
  assertTaskAdded(client, defined, ["https://example.com/", "1"]);
  // @ts-expect-error: no overload takes it
  assertTaskAdded(client, two, [true]);
});

compiles(() => {
  assertTaskAdded(client, sendEmail, [matcher, matcher]);
  assertTaskAdded(client, ship, [matcher, "sea"]);
  const any = JSON.parse("null"); // what Vitest's expect.any() is typed as
  assertTaskAdded(client, ship, [{ id: any }, any]);
  const written: ExpectedTask = ["a"];
  assertTaskAdded(client, "send-email", written);
});

test("The types of what is expected of a task accept what is right and refuse what is wrong", () => {
  assertEquals(bodies.length, 3);
});
