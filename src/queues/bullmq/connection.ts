import { describeValue } from "../../check/check.ts";

/** Where Redis or Valkey is. */
export interface RedisAddress {
  /**
   * The host.
   *
   * @default {"127.0.0.1"}
   */
  readonly host?: string;
  /**
   * The port.
   *
   * @default {6379}
   */
  readonly port?: number;
  /** The user, where the server knows users. */
  readonly username?: string;
  /** The password. */
  readonly password?: string;
  /**
   * The number of the database.
   *
   * @default {0}
   */
  readonly db?: number;
  /** Options of TLS, as `node:tls` takes them; `{}` for the defaults. */
  readonly tls?: Readonly<Record<string, unknown>>;
}

/** Where Postgres is. What is left out comes from the `PG…` environment variables. */
export interface PostgresAddress {
  /** The host. */
  readonly host?: string;
  /** The port. */
  readonly port?: number;
  /** The user. */
  readonly user?: string;
  /** The password. */
  readonly password?: string;
  /** The database. BullMQ keeps its tables in a schema of its own, `bullmq`. */
  readonly database?: string;
  /** Whether to use TLS, or its options as `node:tls` takes them. */
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
}

/** BullMQ on Redis or Valkey, or on Postgres: one of the two. */
export type BullMQConnection =
  | {
    /** Redis or Valkey: a URL such as `redis://127.0.0.1:6379`, or its parts. */
    readonly connection: string | RedisAddress;
    /** BullMQ keeps its jobs in one place. */
    readonly postgres?: never;
  }
  | {
    /** Postgres: a URL such as `postgres://127.0.0.1:5432/app`, or its parts. */
    readonly postgres: string | PostgresAddress;
    /** BullMQ keeps its jobs in one place. */
    readonly connection?: never;
  };

/** The name of the queue where nobody chose one. */
export const DEFAULT_QUEUE_NAME = "background-tasks";

/**
 * Checks where the engine is.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If neither, or both, are given, or one is of the wrong kind.
 */
export function checkConnection(options: BullMQConnection): void {
  const { connection, postgres } = options;
  const given = [connection, postgres].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `Cannot connect to ${
        given.length === 0 ? "nothing" : "both Redis and Postgres"
      }: write either { connection: "redis://…" } or { postgres: "postgres://…" }`,
    );
  }
  const [address] = given;
  if (
    typeof address !== "string" &&
    (typeof address !== "object" || address === null)
  ) {
    throw new TypeError(
      `Cannot connect to ${
        describeValue(address)
      }: write a URL, or an object ` +
        "such as { host, port, password }",
    );
  }
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
