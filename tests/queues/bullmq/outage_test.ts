import { assertEquals } from "@std/assert";
import { isOfJob, isOutage } from "../../../src/queues/bullmq/outage.ts";
import { isRefusal } from "../../../src/queues/bullmq/redis_ready.ts";
import { test } from "../../harness/test.ts";

/** An answer, whether to wait for its engine, and whether Redis will not have the client. */
const ANSWERS: readonly [string, boolean, boolean][] = [
  ["LOADING Redis is loading the dataset in memory", true, false],
  ["READONLY You can't write against a read only replica.", true, false],
  ["Connection is closed.", true, false],
  [
    "NOPERM this user has no permissions to run the 'info' command",
    false,
    true,
  ],
  ["NOAUTH Authentication required.", false, true],
  ["WRONGPASS invalid username-password pair", false, true],
  ["ERR DB index is out of range", false, true],
  ["MISCONF Redis is configured to save RDB snapshots", false, false],
  ["ERR unknown command 'x', with NOPERM behind it", false, false],
];

test("isOutage() and isRefusal() tell an engine that is away from one that refuses", () => {
  assertEquals(
    ANSWERS.map(([message]) => {
      const error = new Error(message);
      return [message, isOutage(error), isRefusal(error)];
    }),
    ANSWERS.map((answer) => [...answer]),
  );
});

test("isOutage() knows the codes of Postgres and of the system", () => {
  const codes: readonly [string, boolean][] = [
    ["08006", true],
    ["08P01", false],
    ["57P03", true],
    ["53300", true],
    ["42501", false],
    ["ECONNREFUSED", true],
    ["ERR_INVALID_URL", false],
  ];
  const seen = codes.map(([code]) => [
    code,
    isOutage(Object.assign(new Error("refused"), { code })),
  ]);
  assertEquals(seen, codes.map((code) => [...code]));
});

test("isOfJob() tells trouble with one job from that with the engine", () => {
  const message = "Missing lock for job 7. moveToFinished";
  assertEquals(isOfJob(new Error(message)), true);
  assertEquals(isOfJob(Object.assign(new Error("x"), { code: -2 })), true);
  assertEquals(isOfJob(Object.assign(new Error("x"), { code: "22P05" })), true);
  assertEquals(isOfJob(new Error("NOPERM no permissions")), false);
});
