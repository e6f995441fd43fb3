import { createTables, type Database, type Value } from "./database.ts";

/** The few members that `node:sqlite` and `bun:sqlite` have in common. */
interface Sqlite {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: Value[]): unknown };
}

/**
 * Opens a SQLite database, with what the runtime brings along: `node:sqlite` on Deno and on Node
 * 22.13 or newer, `bun:sqlite` on Bun.
 *
 * @param path The file; `":memory:"` for none.
 */
export async function openSqlite(path: string): Promise<Database> {
  const sqlite = "Bun" in globalThis ? await bunSqlite(path) : await node(path);
  sqlite.exec("PRAGMA foreign_keys = ON");
  const database: Database = {
    // async, so that an error is a rejection, as it is on D1
    // deno-lint-ignore require-await
    async query<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
      return sqlite.prepare(sql).all(...values) as Row[];
    },
  };
  await createTables(database);
  return database;
}

async function node(path: string): Promise<Sqlite> {
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(path);
}

async function bunSqlite(path: string): Promise<Sqlite> {
  const specifier = "bun:sqlite"; // not a literal: the other runtimes would try to load it
  const { Database } = await import(specifier);
  return new Database(path);
}
