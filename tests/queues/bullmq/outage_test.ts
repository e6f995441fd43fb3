import { assertEquals } from "@std/assert";
import {
  isOfJob,
  isOutage,
  Outage,
} from "../../../src/queues/bullmq/outage.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { test } from "../../harness/test.ts";

/** An error with what a client of Redis or Postgres puts beside its text. */
function errorOf(message: string, parts: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), parts);
}

/** An answer of Redis that is an error. */
function reply(message: string): Error {
  return errorOf(message, { name: "ReplyError" });
}

/** An answer of Postgres that is an error. */
function refusal(code: string): Error {
  return errorOf("no", { code, severity: "ERROR" });
}

test("isOutage() knows an engine that is away, is starting, or has no connection left, from one that refuses", () => {
  const away = [
    errorOf("connect ECONNREFUSED", { code: "ECONNREFUSED" }),
    errorOf("write EPIPE", { code: "EPIPE" }), // as long as a code of Postgres
    errorOf("getaddrinfo EAI_AGAIN", { code: "EAI_AGAIN" }),
    errorOf("Connection is closed."),
    errorOf("Connection terminated unexpectedly"),
    reply("LOADING Redis is loading the dataset in memory"),
    reply("READONLY You can't write against a read only replica."),
    reply("ERR max number of clients reached"),
    refusal("57P01"),
    refusal("57P03"),
    refusal("53300"),
    refusal("08006"),
  ];
  const refuses = [
    reply("NOAUTH Authentication required."),
    reply("OOM command not allowed when used memory > 'maxmemory'."),
    refusal("08P01"),
    refusal("25006"),
    refusal("28P01"),
    refusal("42501"),
    refusal("42P01"),
    refusal("53100"),
    refusal("57014"),
    errorOf("the file has another form", { code: "ERR_INVALID_URL" }),
  ];
  assertEquals(away.filter((error) => !isOutage(error)), []);
  assertEquals(refuses.filter(isOutage), []);
});

test("Outage.met() says once what the engine answers, however often, and each time what one job has", async () => {
  const lines: string[] = [];
  const outage = new Outage("Redis");
  const errors = await consoleLines("error", async () => {
    await consoleLines("warn", () => {
      for (let time = 0; time < 3; time++) {
        outage.met(reply("NOAUTH Authentication required."));
        outage.met(
          errorOf("Missing lock for job 7. moveToFinished", { code: -2 }),
        );
        outage.met(refusal("42501"));
        outage.met(refusal("22P05"));
        outage.met(errorOf("write EPIPE", { code: "EPIPE" }));
      }
      outage.ends();
    }, lines);
  });
  assertEquals(lines, [
    "Durable tasks: Redis answers with an error, the worker waits for it: NOAUTH Authentication required.",
    "Durable tasks: Redis is back",
  ]);
  const ofJob = "Durable tasks: Missing lock for job 7. moveToFinished";
  const ofData = "Durable tasks: no";
  assertEquals(errors, [ofJob, ofData, ofJob, ofData, ofJob, ofData]);
  assertEquals(isOfJob(refusal("23505")), true);
});
