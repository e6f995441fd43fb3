/**
 * Tests that see background tasks.
 *
 * Choose it in the tests of an app: a client that waits for the tasks of a request, writes down
 * what became of them, and can hold them back; assertions about them; and a clock that makes
 * timeouts and retries take no time. It knows no test runner and works inside all of them.
 *
 * @example Call the app, then look at its tasks
 * ```ts
 * import { withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertTaskAdded, TestClient } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const sendEmail = (to: string) => { sent.push(to); };
 * const app = withBackgroundTasks((_request, tasks) => {
 *   tasks.addTask(sendEmail, "ada@example.com");
 *   return new Response("ok");
 * });
 *
 * const client = new TestClient(app);
 * const response = await client.post("/signup");
 * assertEquals(await response.text(), "ok");
 * assertTaskAdded(client, sendEmail, ["ada@example.com"]);
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 *
 * @module
 */

export {
  assertNoTasksAdded,
  assertTaskAdded,
  assertTaskCount,
  assertTaskOrder,
} from "./assertions.ts";
export { CookieJar } from "./cookie_jar.ts";
export { TestExecutionContext } from "./execution_context.ts";
export type {
  ExpectedArguments,
  ExpectedTask,
  TaskMatcher,
  TaskReference,
} from "./expected_task.ts";
export type { TaskWitness } from "./near_misses.ts";
export type { RecordedTask, TaskMoment } from "./recorded_task.ts";
export { TestClient } from "./test_client.ts";
export type {
  FetchApp,
  FetchHandler,
  TestClientOptions,
} from "./test_client_options.ts";
export type { TestRequestOptions } from "./test_request.ts";
export type { TestTasks } from "./test_tasks.ts";
export type { TaskStatus } from "../task/task_run.ts";
export { VirtualClock } from "./virtual_clock.ts";
export { type MemoryQueue, memoryQueue } from "../queues/memory_queue.ts";
