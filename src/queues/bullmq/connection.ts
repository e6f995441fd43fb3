import type { PgPool } from "bullmq";
import { describeValue } from "../../check/check.ts";
import type { Rules } from "../../check/rules.ts";
import {
  checkPostgresAddress,
  type PostgresAddress,
} from "./postgres_address.ts";
import {
  checkRedisAddress,
  isCluster,
  type RedisAddress,
  type RedisClient,
} from "./redis_address.ts";

/** BullMQ on Redis or Valkey, or on Postgres: one of the two. */
export type BullMQConnection =
  | {
    /**
     * Redis or Valkey: a URL such as `redis://127.0.0.1:6379`, the options of ioredis, or a client of
     * it, whose options are taken: a `Cluster` too. The client itself stays yours.
     */
    readonly connection: string | URL | RedisAddress | RedisClient;
    /**
     * What all keys of BullMQ begin with. In a cluster they need a hash tag, such as `"{jobs}"`.
     *
     * @default {"bull"}
     */
    readonly prefix?: string;
    /** BullMQ keeps its jobs in one place. */
    readonly postgres?: never;
  }
  | {
    /**
     * Postgres: a URL such as `postgres://127.0.0.1:5432/app`, the options of a `pg.Pool`, or one,
     * whose options are taken. The pool itself stays yours.
     */
    readonly postgres: string | URL | PostgresAddress | PgPool;
    /** BullMQ keeps its jobs in one place. */
    readonly connection?: never;
    /** Keys are of Redis: in Postgres there is `schema`. */
    readonly prefix?: never;
  };

/** The default name of the queue. */
export const DEFAULT_QUEUE_NAME = "background-tasks";

/** The options that say where the engine is; {@linkcode checkConnection} has their rules. */
export const CONNECTION_RULES: Rules = {
  connection: undefined,
  postgres: undefined,
  prefix: undefined,
  queueName: undefined,
};

/**
 * Checks where the engine is.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If neither, or both, are given, or one is not understood.
 */
export function checkConnection(
  options: BullMQConnection & { readonly queueName?: string },
): void {
  const { connection, postgres, prefix } = options;
  const given = [connection, postgres].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `Cannot connect to ${
        given.length === 0 ? "nothing" : "both Redis and Postgres"
      }: write either { connection: "redis://…" } or { postgres: "postgres://…" }`,
    );
  }
  if (postgres === undefined) checkRedisAddress(connection);
  else checkPostgresAddress(postgres);
  checkPrefix(prefix, postgres !== undefined);
  const { queueName = DEFAULT_QUEUE_NAME } = options;
  checkQueueName(queueName);
  if (!isCluster(connection) || HASH_TAG.test(`${prefix}${queueName}`)) return;
  throw new TypeError(
    'Cannot use a cluster without a hash tag: write prefix: "{jobs}"',
  );
}

/** What makes Redis keep keys on one node of a cluster. */
const HASH_TAG = /\{[^}]+\}/;

function checkPrefix(prefix: unknown, isPostgres: boolean): void {
  if (prefix === undefined) return;
  if (!isPostgres && typeof prefix === "string" && prefix !== "") return;
  throw new TypeError(
    `Cannot use prefix ${describeValue(prefix)}: ${
      isPostgres
        ? "Postgres has no keys; write schema in postgres"
        : 'write a text, such as "{jobs}"'
    }`,
  );
}

/**
 * Checks the name of a queue.
 *
 * @param queueName The name as the user wrote it.
 * @throws {TypeError} If it is no text, or has a colon, which BullMQ keeps for itself.
 */
export function checkQueueName(queueName: unknown): void {
  if (
    typeof queueName === "string" && queueName !== "" &&
    !queueName.includes(":")
  ) return;
  throw new TypeError(
    `Cannot use queueName ${
      describeValue(queueName)
    }: write a text without colons, such as "mails"`,
  );
}
