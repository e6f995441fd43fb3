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
  broken: string,
  mended: string,
): Break {
  return {
    engine: "Postgres",
    title,
    said,
    isRare: false,
    async break(url) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(broken);
      return {
        async lockIsOver(): Promise<boolean> {
          const { rows } = await client.query(
            "SELECT 1 FROM gone.job WHERE state = 'active' AND locked_until_ms > $1",
            [Date.now()],
          );
          return rows.length === 0;
        },
        async mend(): Promise<void> {
          await client.query(mended);
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
  onPostgres(
    "whose functions are missing",
    /answers with an error, .*(?:does not exist)/,
    "ALTER SCHEMA bullmq RENAME TO gone",
    "ALTER SCHEMA gone RENAME TO bullmq",
  ),
];
