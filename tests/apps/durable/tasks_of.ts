/** Durable tasks that tell a test what happens to them: each writes lines to a file. */
import process from "node:process";
import { appendFileSync, existsSync } from "node:fs";
import {
  defineTask,
  type TaskContext,
  type TaskRun,
} from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
} from "@postlude/background-tasks/bullmq";
import { flakyHandler, isWorthRetrying } from "./flaky.ts";

/** The tasks of a test. */
export type DurableTasks = ReturnType<typeof tasksOf>;

/**
 * Makes them.
 *
 * @param connection The engine.
 * @param file Where to write.
 */
export function tasksOf(connection: BullMQConnection, file: string) {
  const queue = bullmq({ ...connection, timeout: 60_000 }); // which a busy machine does not need

  function log(event: string, name: string, { attempt }: TaskContext): void {
    appendFileSync(file, `${event} ${name} ${attempt}\n`);
  }

  return {
    queue,
    /** Logs what an `onTaskError` is told. */
    logRun(error: unknown, run: TaskRun): void {
      const { attempt, name, status } = run;
      const text = (error as Error).message;
      appendFileSync(file, `given up ${name} ${attempt} ${status}: ${text}\n`);
    },
    /** Takes as long as it is told. */
    work: defineTask(
      "work",
      { queue, retry: { attempts: 3, delay: 20, jitter: 0 } },
      async (context, name: string, milliseconds: number) => {
        log("start", name, context);
        if (milliseconds > 0) {
          await new Promise((resolve) => setTimeout(resolve, milliseconds));
        }
        log("end", name, context);
      },
    ),
    /** Takes until the test has written the file of its name. */
    held: defineTask("held", { queue }, async (context, name: string) => {
      log("start", name, context);
      while (!existsSync(`${file}.${name}`)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      log("end", name, context);
    }),
    /** Fails until the attempt it is told. */
    flaky: defineTask("flaky", {
      queue,
      retry: {
        attempts: 3,
        delay: 20,
        jitter: 0,
        when: isWorthRetrying,
      },
    }, flakyHandler(log)),
    /** Never ends by itself. */
    slow: defineTask(
      "slow",
      { queue, timeout: 50 },
      async (context, name: string) => {
        log("start", name, context);
        await new Promise((resolve) =>
          context.signal.addEventListener("abort", resolve)
        );
        log(context.signal.reason.name, name, context);
      },
    ),
    /** Burns CPU, without a break. */
    spin: defineTask(
      "spin",
      { queue },
      (context, name: string, milliseconds: number) => {
        log("start", name, context);
        const end = performance.now() + milliseconds;
        while (performance.now() < end);
        log("end", name, context);
      },
    ),
    /** Takes its thread down with it. */
    die: defineTask("die", { queue }, () => process.exit(3)),
    /** A task that old workers do not know. */
    news: defineTask("news", { queue }, () => {}),
  };
}
