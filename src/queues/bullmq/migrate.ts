import type { PgPool } from "bullmq";
import { checkKeys, describeValue } from "../../check/check.ts";
import {
  checkConnection,
  checkQueueName,
  DEFAULT_QUEUE_NAME,
} from "./connection.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { migrateTables } from "./postgres_tables.ts";

/** Options of {@linkcode migrate}. */
export interface MigrateOptions {
  /** Where Postgres is, with a role that may create BullMQ's tables. */
  readonly postgres: string | URL | PostgresAddress | PgPool;
  /**
   * The names of the queues: BullMQ makes something for each, with its first job.
   *
   * @default {["background-tasks"]}
   */
  readonly queueNames?: readonly string[];
}

/**
 * Makes BullMQ's tables in Postgres, or brings them up to date: a step of a deploy, before its
 * workers start. Their role then needs no right to create anything. Several at once are safe.
 *
 * @example A step of a deploy
 * ```ts ignore
 * import { migrate } from "@postlude/background-tasks/bullmq";
 *
 * await migrate({ postgres: "postgres://owner:secret@127.0.0.1/app" });
 * ```
 *
 * @param options Where Postgres is, and which queues there are.
 * @throws {TypeError} If the address is not understood, or a name of a queue is none.
 * @throws {Error} If Postgres cannot be reached within 5 seconds, or refuses.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  checkKeys("migrate option", options, ["postgres", "queueNames"]);
  const { postgres, queueNames = [DEFAULT_QUEUE_NAME] } = options;
  checkConnection({ postgres });
  if (!Array.isArray(queueNames)) {
    throw new TypeError(
      `Cannot use queueNames ${
        describeValue(queueNames)
      }: write an array such as ["mails"]`,
    );
  }
  for (const queueName of queueNames) checkQueueName(queueName);
  await migrateTables(postgres, queueNames);
}
