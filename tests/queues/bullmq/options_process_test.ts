/**
 * Starts no server; the tests outside of this folder run inside workerd too, where BullMQ cannot.
 *
 * @module
 */
import { assertRejects, assertThrows } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import {
  bullmq,
  createWorker,
  taskProcessor,
} from "@postlude/background-tasks/bullmq";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";

type Wrong = ErrorConstructor;

const connection = "redis://127.0.0.1:1";
const file = new URL("file:///tasks.ts");
const task = (() => {
  const queue = bullmq({ connection });
  return defineTask("send", { queue }, () => {});
})();

const BOTH: [unknown, Wrong, string][] = [
  [{}, TypeError, 'Cannot connect to nothing: write either { connection: "red'],
  [
    { connection, postgres: "postgres://127.0.0.1" },
    TypeError,
    "Cannot connect to both Redis and Postgres: write either",
  ],
  [{ connection: 6379 }, TypeError, "Cannot connect to 6379: write a URL"],
  [{ connection, queueName: "a:b" }, TypeError, 'queueName "a:b": write a te'],
  [{ connection, queueName: "" }, TypeError, 'Cannot use queueName "": write'],
];

const PRODUCER: [unknown, Wrong, string][] = [
  [{ connection, timeout: 0 }, RangeError, "timeout"],
  [{ connection, tiemout: 5 }, TypeError, 'bullmq option "tiemout"'],
];

const WORKER: [unknown, Wrong, string][] = [
  [{}, TypeError, "Cannot start a worker: write either tasks: [sendEmail] or"],
  [{ tasks: [task], file }, TypeError, "Cannot start a worker: write either"],
  [{ tasks: task }, TypeError, "Cannot use tasks a function: write an array"],
  [
    { file, onTaskError() {} },
    TypeError,
    "write export default taskProcessor([resize], { onTaskError }) in the file",
  ],
  [
    { file, observers: [] },
    TypeError,
    "write export default taskProcessor([resize], { observers }) in the file",
  ],
  [{ tasks: [], observers: [1] }, TypeError, "Cannot use observer 1: write"],
  [{ tasks: [], concurrency: 0 }, RangeError, "Cannot use concurrency 0: it m"],
  [{ tasks: [], crashRetries: -1 }, RangeError, "of at least 0"],
  [{ tasks: [], lockDuration: 999 }, RangeError, "lockDuration"],
  [{ tasks: [], concurrency: "2" }, TypeError, 'Cannot use concurrency "2"'],
  [{ tasks: [], closeTimeout: -1 }, RangeError, "closeTimeout"],
  [{ tasks: [], closeOnSignals: 0 }, TypeError, "closeOnSignals 0: write true"],
  [{ tasks: [], onTaskError: 1 }, TypeError, "onTaskError 1: write (error, "],
  [{ file: "./a.ts" }, TypeError, 'file "./a.ts": write new URL("./cpu.ts", '],
  [{ tasks: [], onError() {} }, TypeError, 'worker option "onError"'],
  [{ tasks: [task, task] }, TypeError, 'two tasks named "send" in a worker'],
];

if (noBullMQ !== undefined) leaveOut("options of bullmq()", noBullMQ);
else {
  test("bullmq() refuses wrong options at the call", () => {
    for (const [options, error, message] of [...BOTH, ...PRODUCER]) {
      assertThrows(() => bullmq(options as never), error, message);
    }
  });

  test("createWorker() refuses wrong options before it connects", async () => {
    for (const [options, error, message] of BOTH) {
      const all = { tasks: [], ...options as object } as never;
      await assertRejects(() => createWorker(all), error, message);
    }
    for (const [options, error, message] of WORKER) {
      const all = { connection, ...options as object } as never;
      await assertRejects(() => createWorker(all), error, message);
    }
  });

  test("createWorker() refuses a file that exports no processor", async () => {
    const file = new URL("data:text/javascript,export const processor = 1;");
    await assertRejects(
      () => createWorker({ connection, file }),
      TypeError,
      "write export default taskProcessor([resize]) in it",
    );
  });

  test("taskProcessor() refuses an option it does not know, and what is none", () => {
    assertThrows(
      () => taskProcessor([task], { onError() {} } as never),
      TypeError,
      'task processor option "onError"',
    );
    assertThrows(
      () => taskProcessor(task as never),
      TypeError,
      "Cannot use tasks a function: write an array",
    );
  });
}
