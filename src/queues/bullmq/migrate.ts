import type { PgPool } from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { checkConnection } from "./connection.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { migrateTables } from "./postgres_worker.ts";

/** Options of {@linkcode migrate}. */
export interface MigrateOptions {
  /** Where Postgres is, with a role that may create BullMQ's tables. */
  readonly postgres: string | URL | PostgresAddress | PgPool;
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
 * @param options Where Postgres is.
 * @throws {TypeError} If the address is not understood.
 * @throws {Error} If Postgres cannot be reached within 5 seconds, or refuses.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  checkKeys("migrate option", options, ["postgres"]);
  checkConnection(options);
  await migrateTables(options.postgres);
}
