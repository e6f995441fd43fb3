import { assertEquals } from "@std/assert";
import {
  clockTime,
  slowestLines,
  summaryTable,
} from "../../tools/test_summary.ts";
import { test } from "../harness/test.ts";

test("summaryTable() has a row for each runtime", () => {
  const bun = { passed: 640, failed: 1, leftOut: 35, milliseconds: 61_230 };
  assertEquals(summaryTable(new Map([["bun", bun]])), [
    "runtime     passed    failed  left out   seconds",
    "bun            640         1        35      61.2",
  ]);
});

test("slowestLines() names ten tests, the slowest first", () => {
  const tests = Array.from({ length: 12 }, (_, index) => ({
    runtime: "node" as const,
    name: `f(${index})`,
    milliseconds: index * 1_000,
  }));
  const lines = slowestLines(tests);
  assertEquals(lines.length, 10);
  assertEquals(lines[0], "  11.0 s  node     f(11)");
});

test("clockTime() is minutes and seconds", () => {
  assertEquals([0, 59_999, 247_000].map(clockTime), ["0:00", "0:59", "4:07"]);
});
