import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { VirtualClock } from "../../src/testing/virtual_clock.ts";
import { test } from "../harness/test.ts";

test("VirtualClock.advance() fires timers when they are due, in the order they were set", async () => {
  const clock = new VirtualClock(1_000);
  const events: string[] = [];
  const at = (delay: number, name: string): unknown =>
    clock.setTimeout(() => events.push(`${name} at ${clock.now()}`), delay);
  at(20, "b");
  at(10, "a");
  clock.clearTimeout(at(15, "taken back"));
  at(20, "c");
  at(21, "late");
  await clock.advance(20);
  assertEquals(events, ["a at 1010", "b at 1020", "c at 1020"]);
  assertEquals([clock.now(), clock.untilNext()], [1020, 1]);
  await clock.advance(1);
  assertEquals([events.at(-1), clock.untilNext()], ["late at 1021", undefined]);
});

test("VirtualClock.advance() lets what follows from a timer happen before the next one", async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  clock.setTimeout(async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    events.push(`first, then ${clock.now()}`);
    clock.setTimeout(() => events.push(`nested at ${clock.now()}`), 5);
  }, 10);
  clock.setTimeout(() => events.push(`second at ${clock.now()}`), 12);
  await clock.advance(20);
  assertEquals(events, ["first, then 10", "second at 12", "nested at 15"]);
});

test("VirtualClock() refuses what is no time, and does not go back", async () => {
  const wrong = (value: unknown) => value as never;
  const refused = assertThrows(
    () => new VirtualClock(wrong(new Date(0))),
    TypeError,
  );
  assertEquals(
    refused.message,
    "Cannot use now a Date: it must be a number of epoch milliseconds, such as Date.now()",
  );
  const clock = new VirtualClock(1_000);
  for (const time of ["5s", -50, NaN, Infinity]) {
    const error = await assertRejects(() => clock.advance(wrong(time)), Error);
    assertEquals(
      error.message,
      `Cannot use milliseconds ${
        JSON.stringify(time).replace("null", String(time))
      }: it must be a number of at least 0`,
    );
  }
  assertEquals(clock.now(), 1_000);
});

test("VirtualClock() goes on, whoever moves it meanwhile, and whatever the delay of a timer", async () => {
  const clock = new VirtualClock(100);
  await Promise.all([clock.advance(20), clock.advance(5)]);
  assertEquals(clock.now(), 120);
  clock.setTimeout(() => void clock.advance(50), 10);
  await clock.advance(20);
  assertEquals(clock.now(), 180);
  const times: number[] = [];
  for (const delay of [NaN, undefined as never, -50, 10]) {
    clock.setTimeout(() => times.push(clock.now()), delay);
  }
  await clock.advance(20);
  assertEquals(times, [180, 180, 180, 190]);
  assertEquals([clock.now(), clock.untilNext()], [200, undefined]);
});
