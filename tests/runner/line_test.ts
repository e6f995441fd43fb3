import { assertEquals } from "@std/assert";
import { Line } from "../../src/runner/line.ts";
import { test } from "../harness/test.ts";

/** What stands in a line keeps its neighbours. */
interface Item {
  previous: Item | undefined;
  next: Item | undefined;
}

function item(): Item {
  return { previous: undefined, next: undefined };
}

test("Line.delete() keeps the order of the others, wherever the item stood", () => {
  for (const index of [0, 1, 2]) {
    const all = [item(), item(), item()];
    const line = new Line<Item>();
    all.forEach((one) => line.add(one));
    const [gone] = all.splice(index, 1);
    line.delete(gone!);
    const last = item();
    line.add(last);
    const found = line.all().map((one) => [...all, last].indexOf(one));
    assertEquals(found, [0, 1, 2]);
    assertEquals([gone!.previous, gone!.next], [undefined, undefined]);
    for (const one of [last, ...all.reverse()]) line.delete(one);
    assertEquals(line.all(), []);
  }
});

test("Line.add() and delete() of the same item twice change nothing", () => {
  const line = new Line<Item>();
  const [one, other] = [item(), item()];
  for (const item of [one, one, other, other]) line.add(item);
  assertEquals(line.all().length, 2);
  for (const item of [one, one]) line.delete(item);
  assertEquals(line.all().length, 1);
});
