import { assertEquals } from "@std/assert";
import {
  failureLines,
  missingLines,
  readLine,
  readReport,
  testTable,
  wholeLines,
  withoutNotices,
} from "../../tools/test_report.ts";
import { RUNTIMES } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

/** What each test runner prints of one test that passes, one that fails, and one that is left out. */
const OUTPUT = {
  deno: [
    "!! left out: f() of a file (there is none)",
    "!! no redis",
    "f() (twice) | works ... ok (3ms)",
    "f() fails ...",
    "------- output -------",
    "f() fails ... FAILED (510µs)",
  ],
  bun: [
    "!! left out: f() of a file (there is none)",
    "!! no redis",
    "(pass) f() (twice) | works [0.05ms]",
    "(fail) f() fails [1.20s]",
  ],
  node: [
    "!! left out: f() of a file (there is none)",
    "!! no redis",
    "✔ f() (twice) | works (3.1ms)",
    "✖ f() fails (0.2ms)",
  ],
  workerd: [
    "!! left out: f() of a file (there is none)",
    "!! no redis",
    "f() (twice) | works ... ok",
    "f() fails ... FAILED",
    "Error: no",
  ],
};

test("failureLines() shows what a failed job printed, without the tests that passed", () => {
  for (const runtime of RUNTIMES) {
    const output = OUTPUT[runtime].join("\n");
    const files = ["tests/f_test.ts"];
    const [title, ...lines] = failureLines({ runtime, files, output });
    assertEquals(title, `failed on ${runtime}, tests/f_test.ts:`);
    assertEquals(
      lines,
      OUTPUT[runtime].filter((line) => !/works|left out/.test(line))
        .map((line) => `     ${line}`),
    );
  }
});

test("failureLines() keeps the last lines of a job that printed many", () => {
  const output = Array.from({ length: 102 }, (_, index) => `line ${index}`);
  const lines = failureLines({
    runtime: "bun",
    files: ["tests/f_test.ts", "tests/g_test.ts"],
    output: output.join("\n"),
  });
  assertEquals(lines.slice(0, 3), [
    "failed on bun, one of 2 files:",
    "     … 2 lines above",
    "     line 2",
  ]);
  assertEquals(lines.at(-1), "     line 101");
});

test("readReport() reads what each test runner prints", () => {
  for (const runtime of RUNTIMES) {
    const report = readReport(runtime, OUTPUT[runtime].join("\n"), "");
    assertEquals([...report.results], [
      ["f() (twice) | works", "ok"],
      ["f() fails", "FAILED"],
    ], runtime);
    assertEquals([...report.leftOut], [["f() of a file", "there is none"]]);
    assertEquals(report.notices, ["!! no redis"]);
  }
});

test("readReport() takes no more of what is left out than the filter does", () => {
  const text = OUTPUT.bun.join("\n");
  assertEquals(readReport("bun", text, "fails").leftOut.size, 0);
  assertEquals(readReport("bun", text, "file").leftOut.size, 1);
});

test("readLine() reads the time of a test in milliseconds", () => {
  const times = {
    deno: ["f ... ok (3ms)", "f ... FAILED (1m2s)", "f ... ok (500µs)"],
    bun: ["(pass) f [0.50ms]", "(fail) f [62.00s]", "(pass) f"],
    node: ["✔ f (3.5ms)", "✖ f (62000ms)"],
    workerd: ["f ... ok (3ms)", "f ... FAILED (1m2s)"],
  };
  const read = (runtime: keyof typeof times): unknown =>
    times[runtime].map((line) => readLine(runtime, line)?.milliseconds);
  assertEquals(RUNTIMES.map(read), [
    [3, 62_000, 0.5],
    [0.5, 62_000, 0],
    [3.5, 62_000],
    [3, 62_000],
  ]);
  assertEquals(readLine("deno", "running 3 tests from ./f_test.ts"), undefined);
});

test("missingLines() names what was left out, by where and why", () => {
  const bun = readReport(
    "bun",
    [...OUTPUT.bun, "!! left out: g() (there is none)"].join("\n"),
    "",
  );
  const node = readReport("node", OUTPUT.node.join("\n"), "");
  assertEquals(missingLines(new Map([["bun", bun], ["node", node]])), [
    "!! no redis",
    "!! left out on bun, node, there is none:",
    "     f() of a file",
    "!! left out on bun, there is none:",
    "     g()",
  ]);
});

test("testTable() has a row for each test, whatever became of it where", () => {
  const ran = readReport("deno", "f() ... ok\ng() ... FAILED (1ms)", "");
  const other = readReport("bun", "!! left out: f() (no | files)", "");
  assertEquals(
    testTable(new Map([["bun", other], ["deno", ran]])),
    [
      "| case | deno | bun |",
      "| --- | --- | --- |",
      "| f() | ok | left out: no \\| files |",
      "| g() | FAILED | – |",
    ].join("\n"),
  );
});

test("wholeLines() mends the line that Deno breaks for a test of a minute", () => {
  const lines: string[] = [];
  const take = wholeLines((line) => lines.push(line));
  const slow = "'slow' has been running for over (1m0s)";
  for (const line of [`slow ...${slow}`, " FAILED (1m4s)", "fast ... ok"]) {
    take(line);
  }
  assertEquals(lines, ["slow ... FAILED (1m4s)", "fast ... ok"]);
  const output = `slow ...${slow}\n FAILED (1m4s)\nfast ... ok`;
  assertEquals(withoutNotices(output), lines.join("\n"));
});
