/**
 * Starts no server; the tests outside of this folder run inside workerd too, where BullMQ cannot.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import type { IQueueBackend, Worker } from "bullmq";
import { Closing } from "../../../src/queues/bullmq/closing.ts";
import { Locks } from "../../../src/queues/bullmq/locks.ts";
import {
  isOfJob,
  isOutage,
  Outage,
} from "../../../src/queues/bullmq/outage.ts";
import { makePatient } from "../../../src/queues/bullmq/patience.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { test } from "../../harness/test.ts";
import { withGlobal } from "../../harness/with_global.ts";

const NOREPLICAS = new Error("NOREPLICAS Not enough good replicas to write.");

/** How long an outage pauses once it has lasted for so many milliseconds, in milliseconds. */
async function pauseAfter(lasted: number, longest?: number): Promise<number> {
  let [delay, now] = [NaN, 1_000];
  const outage = new Outage("Redis");
  const at = (callback: () => void, milliseconds: number): number => {
    delay = milliseconds;
    queueMicrotask(callback);
    return 0;
  };
  await consoleLines(
    "warn",
    () =>
      withGlobal("performance", { now: () => now }, async () => {
        outage.begins(NOREPLICAS, "fetch");
        now += lasted;
        await withGlobal(
          "setTimeout",
          at,
          () => outage.pause("fetch", longest),
        );
      }),
  );
  return delay;
}

test("Outage.pause() takes about a second, and longer the longer the engine fails", async () => {
  for (
    const [lasted, shortest, longest, limit] of [
      [0, 800, 1_200],
      [6_000, 2_400, 3_600],
      [3_600_000, 4_000, 6_000],
      [3_600_000, 400, 600, 500],
    ] as const
  ) {
    const delay = await pauseAfter(lasted, limit);
    assert(delay >= shortest && delay <= longest, `${delay} after ${lasted}`);
  }
});

test("Outage says once that it lasts, and once that every command that failed has succeeded", async () => {
  const outage = new Outage("Redis");
  const lines = await consoleLines("warn", async () => {
    outage.begins(NOREPLICAS, "fetch");
    outage.begins(NOREPLICAS, "moveToCompleted");
    const pauses = outage.pause("fetch");
    outage.begins(NOREPLICAS, "fetch");
    outage.ends("fetch");
    await pauses; // whoever waits for the same command goes on at once
    assertEquals(outage.lastedWithin(0), true);
    outage.ends("moveToCompleted");
    outage.ends("moveToCompleted");
    outage.endsForAll();
  });
  assertEquals(lines, [
    `Durable tasks: Redis answers with an error, the worker waits for it: ${NOREPLICAS.message}`,
    "Durable tasks: Redis is back",
  ]);
  assertEquals(outage.lastedWithin(60_000), true);
});

test("isOutage() and isOfJob() tell an engine that is away from one that refuses, and from a job", () => {
  const failure = (message: string, code?: unknown): Error =>
    Object.assign(new Error(message), { code });
  const refused = failure("connect ECONNREFUSED", "ECONNREFUSED");
  const cases: [unknown, boolean, boolean][] = [
    [refused, true, false],
    [new AggregateError([refused]), true, false],
    [failure("write EPIPE", "EPIPE"), true, false], // as long as a code of Postgres
    [failure("Connection is closed."), true, false],
    [failure("ERR max number of clients reached"), true, false],
    [failure("READONLY You can't write"), true, false],
    [failure("LOADING Redis is loading the dataset"), true, false],
    [failure("the database system is starting up", "57P03"), true, false],
    [failure("too many connections for role", "53300"), true, false],
    [
      failure("canceling statement due to statement timeout", "57014"),
      false,
      false,
    ],
    [failure("unsupported startup parameter: options", "08P01"), false, false],
    [failure("could not extend file", "53100"), false, false],
    [failure("in a read-only transaction", "25006"), false, false],
    [NOREPLICAS, false, false],
    [failure("function move_to_active does not exist", "42883"), false, false],
    [failure("Missing lock for job 7. moveToFinished", -2), false, true],
    [failure("unsupported Unicode escape sequence", "22P05"), false, true],
  ];
  for (const [error, away, ofJob] of cases) {
    assertEquals([isOutage(error), isOfJob(error)], [away, ofJob], `${error}`);
  }
});

test("Outage.met() says once what the engine answers, however often, and each time what one job has", async () => {
  const failure = (message: string, more: object): Error =>
    Object.assign(new Error(message), more);
  const outage = new Outage("Redis");
  const lines: string[] = [];
  const errors = await consoleLines("error", async () => {
    await consoleLines("warn", () => {
      for (let time = 0; time < 2; time++) {
        outage.met(failure("NOAUTH Authenticate", { name: "ReplyError" }));
        outage.met(failure("Missing lock for job 7. moveTo", { code: -2 }));
        outage.met(failure("denied", { code: "42501", severity: "ERROR" }));
        outage.met(failure("no text", { code: "22P05", severity: "ERROR" }));
      }
      outage.ends();
    }, lines);
  });
  assertEquals(lines, [
    "Durable tasks: Redis answers with an error, the worker waits for it: NOAUTH Authenticate",
    "Durable tasks: Redis is back",
  ]);
  const told = ["Missing lock for job 7. moveTo", "no text"]
    .map((text) => `Durable tasks: ${text}`);
  assertEquals(errors, [...told, ...told]);
});

/** A worker of BullMQ whose engine does what the test says. */
function workerOn(backend: Record<string, unknown>): Worker {
  const idle = {
    close: async () => {},
    disconnectBlocking: async () => {},
    extendLocks: () => Promise.resolve([]),
    moveStalledJobsToWait: () => Promise.resolve([]),
  };
  const all = { ...idle, ...backend };
  return Object.assign(new EventEmitter(), {
    getBackend: () => all,
    opts: { lockDuration: 1_000 },
  }) as never;
}

test("Locks leaves the tasks of others alone until all had the time to take their locks anew", async () => {
  let [now, asked] = [5_000, 0];
  const worker = workerOn({
    moveStalledJobsToWait: () => Promise.resolve([asked++]),
  });
  const backend = worker.getBackend() as unknown as IQueueBackend;
  await consoleLines(
    "warn",
    () =>
      withGlobal("performance", { now: () => now }, async () => {
        const outage = new Outage("Redis");
        new Locks(worker, outage, () => Promise.resolve(true));
        const seen: number[] = [];
        const look = async (): Promise<void> => {
          await backend.moveStalledJobsToWait();
          seen.push(asked);
        };
        await look();
        outage.begins(NOREPLICAS, "fetch");
        await look();
        outage.ends("fetch");
        await look();
        now += 1_999;
        await look();
        now += 1;
        await look();
        assertEquals(seen, [1, 1, 1, 1, 2]);
      }),
  );
});

test("makePatient() takes an end for told that an engine heard, though its answer was lost", async () => {
  const lost = Object.assign(new Error("read ECONNRESET"), {
    code: "ECONNRESET",
  });
  const gone = Object.assign(new Error("Missing key for job 7"), { code: -1 });
  const answers: unknown[] = [lost, gone, gone];
  const command = (): Promise<unknown> => Promise.reject(answers.shift());
  const worker = workerOn({
    ...{ moveToActive: command, waitForJob: command },
    ...{ moveToCompleted: command, moveToFailed: command },
    ...{ moveToDelayed: command, retryJob: command },
    updateJobSchedulerNextMillis: command,
  });
  const outage = new Outage("Redis");
  makePatient(worker, outage, undefined);
  const backend = worker.getBackend() as unknown as IQueueBackend;
  const end = (): Promise<unknown> =>
    (backend.moveToCompleted as never as (
      ...args: unknown[]
    ) => Promise<unknown>)(
      { id: "7" },
      undefined,
      undefined,
      "token",
    );
  const soon = (callback: () => void): number => {
    queueMicrotask(callback);
    return 0;
  };
  await consoleLines(
    "warn",
    () =>
      withGlobal("setTimeout", soon, async () => {
        const told = await end() as { finishedOn: number };
        assertEquals(typeof told.finishedOn, "number");
      }),
  );
  const refused = await end().catch((error) => error); // at once: it was never heard
  assertEquals(refused, gone);
});

test("Closing.limited() leaves nothing behind of a command that was answered", async () => {
  const worker = workerOn({});
  const closing = new Closing(worker, () => {});
  for (let count = 0; count < 3; count++) {
    await closing.limited(() => Promise.resolve());
  }
  await Promise.resolve();
  let timers = 0;
  await withGlobal("setTimeout", () => timers++, () => {
    (worker as { emit(event: string, text: string): unknown }).emit(
      "closing",
      "",
    );
  });
  assertEquals(timers, 0);
  assertEquals(closing.hasBegun, true);
});
