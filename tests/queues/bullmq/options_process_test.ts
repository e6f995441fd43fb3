/**
 * Starts no server; the tests outside of this folder run inside workerd too, where BullMQ cannot.
 *
 * @module
 */
import { assertRejects, assertThrows } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import {
  bullmq,
  createWorker,
  taskProcessor,
} from "@postlude/background-tasks/bullmq";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";

type Wrong = ErrorConstructor;

const connection = "redis://127.0.0.1:1";
const file = new URL("file:///tasks.ts");
const task = (() => {
  const queue = bullmq({ connection });
  return defineTask("send", { queue }, () => {});
})();

const BOTH: [unknown, Wrong, string][] = [
  [{}, TypeError, 'Cannot connect to nothing: write either { connection: "red'],
  [
    { connection, postgres: "postgres://127.0.0.1" },
    TypeError,
    "Cannot connect to both Redis and Postgres: write either",
  ],
  [{ connection: 6379 }, TypeError, "Cannot connect to 6379: write a URL"],
  [{ connection, queueName: "a:b" }, TypeError, 'queueName "a:b": write a te'],
  [{ connection, queueName: "" }, TypeError, 'Cannot use queueName "": write'],
];

/** Addresses that ioredis and pg would take for one of this machine, and what to write instead. */
const ADDRESSES: [unknown, string][] = [
  [{ connection: [] }, "Cannot connect to an array: write a URL such as"],
  [{ connection: () => {} }, "Cannot connect to a function: write a URL"],
  [{ connection: { hots: "redis.me" } }, 'Cannot use Redis option "hots": the'],
  [{ connection: new Map([["host", "a"]]) }, "from a Map: write an object"],
  [{ connection: { host: undefined } }, "host undefined: it is not set; write"],
  [{ connection: { host: "" } }, 'host "": it is no name; write such as'],
  [
    { connection: { db: "one" } },
    'database "one": it is no number; write such',
  ],
  [
    { connection: { port: "x" } },
    'port "x": it is no number; write port: 6379',
  ],
  [
    { connection: { keyPrefix: "app" } },
    "set by this package; write prefix be",
  ],
  [{ connection: { enableOfflineQueue: true } }, "set by this package; leave"],
  [
    { connection: { maxRetriesPerRequest: 3 } },
    "set by this package; leave it",
  ],
  [
    { connection: "redis.me:6379" },
    "the address: it is no URL of Redis; write",
  ],
  [
    { connection: "" },
    "the address: it is no URL of Redis; write a URL such as",
  ],
  [
    { connection: "redis://" },
    "it is a URL without a host; write a URL such as",
  ],
  [
    { connection: "redis://a/b" },
    'database "b": it is no number; write one',
  ],
  [
    { connection: "redis://a?tmieout=1" },
    'option "tmieout": it is unknown; wr',
  ],
  [
    { connection: new URL("http://a:6379") },
    "it is no URL of Redis; write a U",
  ],
  [
    { connection: { url: "http://a" } },
    "it is no URL of Redis; write a URL suc",
  ],
  [{ connection, prefix: "" }, 'Cannot use prefix "": write a text, such as'],
  [
    { postgres: "", prefix: "a" },
    "it is no URL of Postgres; write a URL such a",
  ],
  [{ postgres: [] }, "Cannot connect to an array: write a URL such as"],
  [
    { postgres: "mysql://a/b" },
    "it is no URL of Postgres; write a URL such as",
  ],
  [
    { postgres: { hots: "a" } },
    'Cannot use Postgres option "hots": the Postgr',
  ],
  [
    { postgres: { host: undefined } },
    "host undefined: it is not set; write it",
  ],
  [{ postgres: { query_timeout: 1 } }, "set by this package; leave it out"],
  [
    { postgres: { schema: "a-b" } },
    'schema "a-b": it is no simple name; write',
  ],
  [{ postgres: { user: "a" }, prefix: "b" }, "Postgres has no keys; write sch"],
];

/** Addresses that are understood. */
const UNDERSTOOD: unknown[] = [
  { connection: new URL("redis://redis.internal:6380/2") },
  { connection: "rediss://user:pass@redis.internal?family=6" },
  { connection: "/run/redis.sock" },
  { connection: {} },
  { connection: { url: "redis://redis.internal", password: undefined } },
  { connection: { host: "redis.internal", maxRetriesPerRequest: null } },
  { connection: { sentinels: [{ host: "a", port: 26379 }], name: "main" } },
  { connection: { host: "redis.internal", tls: {} }, prefix: "{jobs}" },
  { postgres: new URL("postgres://127.0.0.1/app") },
  { postgres: "postgresql:///app?host=/run/postgresql" },
  { postgres: { max: 20, schema: "jobs", ssl: true } },
  { postgres: { connectionString: "postgres://127.0.0.1/app", max: 5 } },
];

const PRODUCER: [unknown, Wrong, string][] = [
  [{ connection, timeout: 0 }, RangeError, "timeout"],
  [{ connection, tiemout: 5 }, TypeError, 'bullmq option "tiemout"'],
  [{ connection, jobOptions: 1 }, TypeError, "Cannot read job options from 1"],
  [
    { connection, jobOptions: { attempts: 3 } },
    TypeError,
    'Cannot use job option "attempts": the task says it; write retry on',
  ],
];

const WORKER: [unknown, Wrong, string][] = [
  [{}, TypeError, "Cannot start a worker: write either tasks: [sendEmail] or"],
  [{ tasks: [task], file }, TypeError, "Cannot start a worker: write either"],
  [{ tasks: task }, TypeError, "Cannot use tasks a function: write an array"],
  [
    { file, onTaskError() {} },
    TypeError,
    "write export default taskProcessor([resize], { onTaskError }) in the file",
  ],
  [
    { file, observers: [] },
    TypeError,
    "write export default taskProcessor([resize], { observers }) in the file",
  ],
  [{ tasks: [], observers: [1] }, TypeError, "Cannot use observer 1: write"],
  [{ tasks: [], concurrency: 0 }, RangeError, "Cannot use concurrency 0: it m"],
  [{ tasks: [], crashRetries: -1 }, RangeError, "of at least 0"],
  [{ tasks: [], lockDuration: 999 }, RangeError, "lockDuration"],
  [{ tasks: [], concurrency: "2" }, TypeError, 'Cannot use concurrency "2"'],
  [{ tasks: [], closeTimeout: -1 }, RangeError, "closeTimeout"],
  [{ tasks: [], closeOnSignals: 0 }, TypeError, "closeOnSignals 0: write true"],
  [{ tasks: [], onTaskError: 1 }, TypeError, "onTaskError 1: write (error, "],
  [{ file: "./a.ts" }, TypeError, 'file "./a.ts": write new URL("./cpu.ts", '],
  [{ tasks: [], onError() {} }, TypeError, 'worker option "onError"'],
  [{ tasks: [], migrate: 1 }, TypeError, "Cannot use migrate 1: write true or"],
  [{ tasks: [], limiter: { max: 0 } }, RangeError, "limiter.max 0: it must be"],
  [{ tasks: [], limiter: { rate: 1 } }, TypeError, 'limiter option "rate"'],
  [{ tasks: [task, task] }, TypeError, 'two tasks named "send" in a worker'],
];

if (noBullMQ !== undefined) leaveOut("options of bullmq()", noBullMQ);
else {
  test("bullmq() refuses wrong options at the call", () => {
    for (const [options, error, message] of [...BOTH, ...PRODUCER]) {
      assertThrows(() => bullmq(options as never), error, message);
    }
  });

  test("bullmq() understands an address, or refuses it", async () => {
    for (const [options, message] of ADDRESSES) {
      assertThrows(() => bullmq(options as never), TypeError, message);
      const all = { tasks: [], ...options as object } as never;
      await assertRejects(() => createWorker(all), TypeError, message);
    }
    for (const options of UNDERSTOOD) bullmq(options as never);
  });

  test("bullmq() takes the options of a client, and refuses one of another library", async () => {
    const { Cluster, Redis } = await import("ioredis");
    const { default: pg } = await import("pg");
    const client = new Redis({ host: "redis.internal", lazyConnect: true });
    bullmq({ connection: client });
    const cluster = new Cluster(["127.0.0.1:1"], { lazyConnect: true });
    bullmq({ connection: cluster, prefix: "{jobs}" });
    bullmq({ connection: cluster, queueName: "{jobs}" });
    assertThrows(
      () => bullmq({ connection: cluster }),
      TypeError,
      'Cannot use a cluster without a hash tag: write prefix: "{jobs}"',
    );
    const prefixed = new Redis({ keyPrefix: "app:", lazyConnect: true });
    assertThrows(
      () => bullmq({ connection: prefixed }),
      TypeError,
      "a client with keyPrefix: it is nothing for BullMQ; write prefix",
    );
    for (const each of [client, cluster, prefixed]) each.disconnect();
    bullmq({ postgres: new pg.Pool({ host: "postgres.internal" }) });
    const ofNodeRedis = { duplicate() {}, connect() {}, sendCommand() {} };
    const { Bun } = globalThis as { Bun?: { readonly redis: unknown } };
    for (const foreign of Bun ? [ofNodeRedis, Bun.redis] : [ofNodeRedis]) {
      assertThrows(
        () => bullmq({ connection: foreign as never }),
        TypeError,
        "it is a client of another library; write a URL such as",
      );
    }
    assertThrows(
      () => bullmq({ postgres: new pg.Client() as never }),
      TypeError,
      "Cannot connect to a Client: it is no pool; write a URL such as",
    );
  });

  test("createWorker() refuses wrong options before it connects", async () => {
    for (const [options, error, message] of BOTH) {
      const all = { tasks: [], ...options as object } as never;
      await assertRejects(() => createWorker(all), error, message);
    }
    for (const [options, error, message] of WORKER) {
      const all = { connection, ...options as object } as never;
      await assertRejects(() => createWorker(all), error, message);
    }
  });

  test("createWorker() refuses a file that exports no processor", async () => {
    const file = new URL("data:text/javascript,export const processor = 1;");
    await assertRejects(
      () => createWorker({ connection, file }),
      TypeError,
      "write export default taskProcessor([resize]) in it",
    );
  });

  test("taskProcessor() refuses an option it does not know, and what is none", () => {
    assertThrows(
      () => taskProcessor([task], { onError() {} } as never),
      TypeError,
      'task processor option "onError"',
    );
    assertThrows(
      () => taskProcessor(task as never),
      TypeError,
      "Cannot use tasks a function: write an array",
    );
  });
}
