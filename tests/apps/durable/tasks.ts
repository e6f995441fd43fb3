/** The tasks of a process of its own: its environment says where the engine is, and where to write. */
import process from "node:process";
import type { BullMQConnection } from "@postlude/background-tasks/bullmq";
import { tasksOf } from "./tasks_of.ts";

const { REDIS_URL = "", DATABASE_URL = "", LOG = "" } = process.env;

/** The engine of the test. */
export const connection: BullMQConnection = REDIS_URL === ""
  ? { postgres: DATABASE_URL }
  : { connection: REDIS_URL };

/** The tasks. */
export const tasks = tasksOf(connection, LOG);
