import type { Database, Value } from "./database.ts";

/** The few members of Cloudflare's D1 that are used here. */
export interface D1 {
  /** Prepares a statement. */
  prepare(sql: string): {
    bind(...values: Value[]): { all(): Promise<{ results: unknown[] }> };
  };
}

/** Cloudflare's D1, as the database of this service. */
export function d1Database(d1: D1): Database {
  return {
    async query<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
      const { results } = await d1.prepare(sql).bind(...values).all();
      return results as Row[];
    },
  };
}
