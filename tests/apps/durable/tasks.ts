/** Durable tasks that tell a test what happens to them: each writes lines to the file `LOG`. */
import { appendFileSync } from "node:fs";
import process from "node:process";
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

const { REDIS_URL = "", DATABASE_URL = "", LOG = "" } = process.env;

/** The engine of the test. */
export const connection: BullMQConnection = REDIS_URL === ""
  ? { postgres: DATABASE_URL }
  : { connection: REDIS_URL };

const queue = bullmq(connection);

function log(event: string, name: string, { attempt }: TaskContext): void {
  appendFileSync(LOG, `${event} ${name} ${attempt}\n`);
}

/** Logs what an `onTaskError` is told. */
export function logRun(error: unknown, run: TaskRun): void {
  const { attempt, name, status } = run;
  const text = (error as Error).message;
  appendFileSync(LOG, `given up ${name} ${attempt} ${status}: ${text}\n`);
}

/** Takes as long as it is told. */
export const work = defineTask(
  "work",
  { queue, retry: { attempts: 3, delay: 20, jitter: 0 } },
  async (context, name: string, milliseconds: number) => {
    log("start", name, context);
    if (milliseconds > 0) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
    log("end", name, context);
  },
);

/** Fails until the attempt it is told. */
export const flaky = defineTask("flaky", {
  queue,
  retry: {
    attempts: 3,
    delay: 20,
    jitter: 0,
    when: isWorthRetrying,
  },
}, flakyHandler(log));

/** Never ends by itself. */
export const slow = defineTask(
  "slow",
  { queue, timeout: 50 },
  async (context, name: string) => {
    log("start", name, context);
    await new Promise((resolve) =>
      context.signal.addEventListener("abort", resolve)
    );
    log(context.signal.reason.name, name, context);
  },
);

/** Burns CPU, without a break. */
export const spin = defineTask(
  "spin",
  { queue },
  (context, name: string, milliseconds: number) => {
    log("start", name, context);
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
    log("end", name, context);
  },
);

/** A task that old workers do not know. */
export const news = defineTask("news", { queue }, () => {});
