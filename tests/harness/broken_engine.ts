import { rm } from "node:fs/promises";
import { Redis } from "ioredis";
import pg from "pg";

/** An engine that answers errors, until it is mended. */
export interface BrokenEngine extends AsyncDisposable {
  /** Whether the lock of every task that runs has run out. */
  lockIsOver(): Promise<boolean>;
  /** Makes it take commands again. */
  mend(): Promise<void>;
}

/** A way in which an engine is up and answers errors. */
export interface Break {
  readonly engine: "Redis" | "Postgres";
  /** What is wrong, for titles. */
  readonly title: string;
  /** What a worker says. */
  readonly said: RegExp;
  /** Whether it is tried with `deno task test --all` alone. */
  readonly isRare: boolean;
  /** Breaks the engine. */
  break(url: string): Promise<BrokenEngine>;
}

/** Breaks Redis with commands, and mends it with others. */
function onRedis(
  title: string,
  said: RegExp,
  broken: readonly (readonly string[])[],
  mended: readonly (readonly string[])[],
): Break {
  return {
    engine: "Redis",
    title,
    said,
    isRare: true,
    async break(url) {
      const redis = new Redis(url);
      const all = async (
        commands: readonly (readonly string[])[],
      ): Promise<void> => {
        for (const [command = "", ...args] of commands) {
          await redis.call(command, ...args);
        }
      };
      await all(broken);
      return {
        async lockIsOver(): Promise<boolean> {
          return (await redis.keys("bull:*:lock")).length === 0;
        },
        mend: () => all(mended),
        async [Symbol.asyncDispose](): Promise<void> {
          await redis.quit();
        },
      };
    },
  };
}

/** Breaks Postgres with a statement, and mends it with another. */
function onPostgres(
  title: string,
  said: RegExp,
  broken: readonly string[],
  mended: readonly string[],
  jobs = "bullmq.job",
): Break {
  return {
    engine: "Postgres",
    title,
    said,
    isRare: true,
    async break(url) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      for (const statement of broken) await client.query(statement);
      return {
        async lockIsOver(): Promise<boolean> {
          const { rows } = await client.query(
            `SELECT 1 FROM ${jobs} WHERE state = 'active' AND locked_until_ms > $1`,
            [Date.now()],
          );
          return rows.length === 0;
        },
        async mend(): Promise<void> {
          for (const statement of mended) await client.query(statement);
        },
        [Symbol.asyncDispose]: () => client.end(),
      };
    },
  };
}

/** A snapshot that fails, and stops all writes: its folder is gone. */
const NO_DISK = onRedis(
  "that cannot write to its disk",
  /answers with an error, .* MISCONF/,
  [["CONFIG", "SET", "save", "3600 1"], ["CONFIG", "SET", "appendonly", "no"]],
  [["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]],
);

const noDisk: Break = {
  ...NO_DISK,
  async break(url) {
    const redis = new Redis(url);
    const [, folder = ""] = await redis.config("GET", "dir") as string[];
    const broken = await NO_DISK.break(url);
    await rm(folder, { recursive: true, force: true });
    await redis.bgsave();
    while (!(await redis.info("persistence")).includes("bgsave_status:err"));
    await redis.quit();
    return broken;
  },
};

const KILL_CLIENTS = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];

const END_CONNECTIONS =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
  "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/** Every way there is a test for. */
export const breaks: readonly Break[] = [
  {
    ...onRedis(
      "that has too few replicas",
      /answers with an error, .* NOREPLICAS/,
      [["CONFIG", "SET", "min-replicas-to-write", "1"]],
      [["CONFIG", "SET", "min-replicas-to-write", "0"]],
    ),
    isRare: false,
  },
  noDisk,
  onRedis(
    "whose user lost the right to run scripts",
    /answers with an error, .* NOPERM/,
    [["ACL", "SETUSER", "default", "-evalsha", "-bzpopmin"]],
    [["ACL", "SETUSER", "default", "+evalsha", "+bzpopmin"]],
  ),
  onRedis(
    "that has become a replica of nobody",
    /is away, .* READONLY|UNBLOCKED/,
    [["REPLICAOF", "127.0.0.1", "1"]],
    [["REPLICAOF", "NO", "ONE"]],
  ),
  onRedis(
    "whose memory is full",
    /answers with an error, .* OOM/,
    [["CONFIG", "SET", "maxmemory", "1"]],
    [["CONFIG", "SET", "maxmemory", "0"]],
  ),
  onRedis(
    "that wants a password all of a sudden",
    /, the worker waits for it: .*NOAUTH/,
    [["CONFIG", "SET", "requirepass", "new"], KILL_CLIENTS],
    [["CONFIG", "SET", "requirepass", ""]],
  ),
  onRedis(
    "that has no connection left",
    /, the worker waits for it: .*/,
    [["CONFIG", "SET", "maxclients", "1"], KILL_CLIENTS],
    [["CONFIG", "SET", "maxclients", "10000"]],
  ),
  {
    ...onPostgres(
      "whose functions are missing",
      /answers with an error, .*(?:does not exist)/,
      ["ALTER SCHEMA bullmq RENAME TO gone"],
      ["ALTER SCHEMA gone RENAME TO bullmq"],
      "gone.job",
    ),
    isRare: false,
  },
  onPostgres(
    "whose table is gone",
    /answers with an error, .*(?:does not exist)/,
    ["ALTER TABLE bullmq.job RENAME TO gone"],
    ["ALTER TABLE bullmq.gone RENAME TO job"],
    "bullmq.gone",
  ),
  onPostgres(
    "that is read-only, as a standby is",
    /answers with an error, .*read-only transaction/,
    [
      "ALTER SYSTEM SET default_transaction_read_only = on",
      "SELECT pg_reload_conf()",
    ],
    [
      "ALTER SYSTEM RESET default_transaction_read_only",
      "SELECT pg_reload_conf()",
    ],
  ),
  onPostgres(
    "that has no disk space left",
    /answers with an error, .*could not extend file/,
    [
      `CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`,
      "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE OR DELETE ON bullmq.job FOR EACH STATEMENT EXECUTE FUNCTION public.full()",
    ],
    ["DROP TRIGGER full_disk ON bullmq.job", "DROP FUNCTION public.full"],
  ),
  onPostgres(
    "that lets its role in no more",
    /, the worker waits for it: .*/,
    [
      "ALTER ROLE postgres NOLOGIN",
      END_CONNECTIONS,
    ],
    ["ALTER ROLE postgres LOGIN"],
  ),
  onPostgres(
    "that cancels each statement",
    /, the worker waits for it: .*/,
    [
      "ALTER ROLE postgres SET statement_timeout = 1",
      `CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$`,
      "CREATE TRIGGER slow BEFORE INSERT OR UPDATE OR DELETE ON bullmq.job FOR EACH STATEMENT EXECUTE FUNCTION public.slow()",
      END_CONNECTIONS,
    ],
    [
      "DROP TRIGGER slow ON bullmq.job",
      "ALTER ROLE postgres RESET statement_timeout",
      END_CONNECTIONS,
    ],
  ),
];
