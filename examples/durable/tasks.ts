// What the API and the worker share. Without REDIS_URL and DATABASE_URL: the engine of engine.ts.
import process from "node:process";
import { defineTask } from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
} from "@postlude/background-tasks/bullmq";

const {
  REDIS_URL,
  DATABASE_URL = "postgres://postgres:secret@127.0.0.1:54329/postgres",
} = process.env;

export const connection: BullMQConnection = REDIS_URL === undefined
  ? { postgres: DATABASE_URL }
  : { connection: REDIS_URL };

const queue = bullmq(connection);

export const sendEmail = defineTask(
  "send-email",
  { queue, timeout: 10_000, retry: { attempts: 5, delay: 1_000 } },
  async ({ attempt, id }, to: string, subject: string) => {
    if (attempt === 1) throw new Error("the mail server is busy");
    await Promise.resolve(); // the task runs at least once: hand `id` to the mail server
    console.log(`mail to ${to}: ${subject} (attempt ${attempt}, ${id})`);
  },
);
