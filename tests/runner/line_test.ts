import { assertEquals } from "@std/assert";
import { InFlight } from "../../src/runner/line.ts";
import type { TaskSequence } from "../../src/request/sequence.ts";
import { test } from "../harness/test.ts";

/** The neighbours are all of a sequence that is looked at here. */
function sequence(): TaskSequence {
  return { previous: undefined, next: undefined } as unknown as TaskSequence;
}

test("InFlight.delete() keeps the order of the others, wherever the sequence was", () => {
  for (const index of [0, 1, 2]) {
    const all = [sequence(), sequence(), sequence()];
    const inFlight = new InFlight();
    all.forEach((one) => inFlight.add(one));
    const [gone] = all.splice(index, 1);
    inFlight.delete(gone!);
    const last = sequence();
    inFlight.add(last);
    const found = inFlight.all().map((one) => [...all, last].indexOf(one));
    assertEquals(found, [0, 1, 2]);
    assertEquals([gone!.previous, gone!.next], [undefined, undefined]);
    for (const one of [last, ...all.reverse()]) inFlight.delete(one);
    assertEquals(inFlight.all(), []);
  }
});

test("InFlight.add() and delete() of the same sequence twice change nothing", () => {
  const inFlight = new InFlight();
  const [one, other] = [sequence(), sequence()];
  for (const sequence of [one, one, other, other]) inFlight.add(sequence);
  assertEquals(inFlight.all().length, 2);
  for (const sequence of [one, one]) inFlight.delete(sequence);
  assertEquals(inFlight.all().length, 1);
});
