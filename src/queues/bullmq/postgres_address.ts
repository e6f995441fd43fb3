import type { PgPool, PgPoolConfig } from "bullmq";
import process from "node:process";
import { describeValue } from "../../check/check.ts";
import { property } from "../../check/property.ts";
import { checkParts, refuse } from "./address.ts";

/**
 * Where Postgres is: the options of a `pg.Pool`, and the `schema` of BullMQ's tables. What is left
 * out comes from the `PG…` environment variables.
 */
export type PostgresAddress = PgPoolConfig & {
  /**
   * The schema of BullMQ's tables.
   *
   * @default {"bullmq"}
   */
  readonly schema?: string;
};

/** What a connection of this package sets itself: how long it waits. */
const OWN = [
  "connectionTimeoutMillis",
  "keepAlive",
  "migrate",
  "query_timeout",
  "skipMigrations",
  "skipVersionCheck",
];

/** Every option of a `pg.Pool`, and the schema. */
const KNOWN = [
  "Client",
  "Promise",
  "allowExitOnIdle",
  "application_name",
  "binary",
  "client_encoding",
  "connectionString",
  "database",
  "enableChannelBinding",
  "fallback_application_name",
  "host",
  "idleTimeoutMillis",
  "idle_in_transaction_session_timeout",
  "keepAliveInitialDelayMillis",
  "lock_timeout",
  "log",
  "max",
  "maxLifetimeSeconds",
  "maxUses",
  "min",
  "onConnect",
  "options",
  "password",
  "port",
  "replication",
  "schema",
  "scramMaxIterations",
  "ssl",
  "sslnegotiation",
  "statement_timeout",
  "stream",
  "types",
  "user",
  "verify",
];

const WRITE =
  'write a URL such as "postgres://127.0.0.1:5432/app", an object such as { host, user, password, ' +
  "database }, or a pg.Pool";

/** The default schema of BullMQ's tables. */
const SCHEMA = "bullmq";

/**
 * Refuses an address that `pg` would take for another one, which is this machine as a rule.
 *
 * @param address The address as the user wrote it.
 * @throws {TypeError} If it is not understood.
 */
export function checkPostgresAddress(address: unknown): void {
  if (isPool(address)) return;
  if (typeof address === "string" || address instanceof URL) {
    checkUrl(String(address));
    return;
  }
  if (typeof property(address, "query") === "function") {
    refuse(describeValue(address), "no pool", WRITE);
  }
  checkParts("Postgres", address, KNOWN, OWN, WRITE);
  const { connectionString, schema } = address as PostgresAddress;
  if (connectionString !== undefined) checkUrl(connectionString);
  if (schema === undefined || /^[A-Za-z_]\w*$/.test(schema)) return;
  const name = "write letters, digits and underscores";
  refuse(`schema ${describeValue(schema)}`, "no simple name", name);
}

function checkUrl(text: string): void {
  if (/^(?:postgres(?:ql)?:\/\/|socket:|\/)/.test(text)) return;
  refuse("the address", "no URL of Postgres", WRITE);
}

function isPool(address: unknown): address is PgPool & { options: object } {
  return typeof property(address, "options") === "object" &&
    ["connect", "query", "end"].every((method) =>
      typeof property(address, method) === "function"
    );
}

/** The options of a pool, and the schema in which its connections look for BullMQ's tables. */
export interface PoolOptions {
  readonly schema: string;
  readonly config: PgPoolConfig;
}

/**
 * The options of a pool whose connections find BullMQ's tables. What the user has in `options`, in
 * those of the URL or in PGOPTIONS stays, before the search path.
 *
 * @param address Where Postgres is; of a pool, its options are taken.
 * @returns The options.
 */
export function poolOptionsOf(
  address: string | URL | PostgresAddress | PgPool,
): PoolOptions {
  const { schema = SCHEMA, connectionString, ...rest } = partsOf(address);
  const [url, inUrl] = takeOptions(connectionString);
  const given = inUrl ?? rest.options ?? process.env["PGOPTIONS"];
  const path = `-c search_path="${schema}",public`;
  const options = given === undefined ? path : `${given} ${path}`;
  return {
    schema,
    config: {
      ...rest,
      ...(url !== undefined && { connectionString: url }),
      options,
    },
  };
}

function partsOf(
  address: string | URL | PostgresAddress | PgPool,
): PostgresAddress & { readonly options?: unknown } {
  if (typeof address === "string" || address instanceof URL) {
    return { connectionString: String(address) };
  }
  if (!isPool(address)) return address as PostgresAddress;
  const { password } = address.options as PostgresAddress; // not enumerable there
  return {
    ...address.options,
    ...(password !== undefined && { password }),
  };
}

/** Takes `options` out of a URL, where they would win against ours. */
function takeOptions(
  text: string | undefined,
): [string | undefined, string | undefined] {
  const at = text?.indexOf("?") ?? -1;
  if (text === undefined || at === -1) return [text, undefined];
  const query = new URLSearchParams(text.slice(at + 1));
  const options = query.get("options") ?? undefined;
  query.delete("options");
  const rest = query.size === 0 ? "" : `?${query}`;
  return [text.slice(0, at) + rest, options];
}
