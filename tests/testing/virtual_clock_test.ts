import { assertEquals } from "@std/assert";
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
