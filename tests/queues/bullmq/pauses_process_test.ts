/**
 * Starts no server; the tests outside of this folder run inside workerd too, where BullMQ cannot.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  isOfJob,
  isOutage,
  Outage,
} from "../../../src/queues/bullmq/outage.ts";
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
