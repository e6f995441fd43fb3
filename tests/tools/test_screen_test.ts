import { assertEquals } from "@std/assert";
import { type ShownJob, TestScreen } from "../../tools/test_screen.ts";
import { test } from "../harness/test.ts";

const UNIT: ShownJob = { runtime: "deno", files: ["a_test.ts", "b_test.ts"] };
const SERVER: ShownJob = { runtime: "bun", files: ["c_process_test.ts"] };

/** Plays a run of two jobs, of which one fails; what was written. */
function play(columns: number | undefined): string[] {
  let now = 0;
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const terminal = { columns, write };
  const screen = new TestScreen([UNIT, SERVER], terminal, () => now);
  screen.begin(UNIT);
  now = 61_000;
  screen.test(UNIT, { name: "f() works", passed: true, milliseconds: 1_240 });
  screen.end(UNIT, { passed: 1, failed: 0, output: "long" });
  screen.begin(SERVER);
  screen.test(SERVER, { name: "g() works", passed: false, milliseconds: 3 });
  screen.end(SERVER, { passed: 0, failed: 1, output: "why" });
  screen.close();
  return written;
}

test("TestScreen prints a line for each test and file where there is no terminal", () => {
  assertEquals(play(undefined), [
    "[ 1:01] deno    ok     f() works (1.2 s)\n",
    "[ 1:01] deno    2 files: 1 passed, 0 failed; files left: bun 1\n",
    "[ 1:01] bun     FAILED g() works (0.0 s)\n",
    "why\n",
    "[ 1:01] bun     c_process_test.ts: 0 passed, 1 failed; no file left\n",
  ]);
});

test("TestScreen moves one line in a terminal, and leaves failures there", () => {
  const lines = play(80).map((text) => text.replace("\r\x1b[2K", ""));
  const still = lines.filter((text) => text.endsWith("\n"));
  assertEquals(still, [
    "[ 1:01] bun     FAILED g() works (0.0 s)\n",
    "why\n",
    "[ 1:01] bun     c_process_test.ts: 0 passed, 1 failed; no file left\n",
  ]);
  const moving = lines.filter((text) => text !== "" && !text.endsWith("\n"));
  assertEquals(moving.slice(0, 2), [
    "[ 0:00] 0 passed, 0 failed; files left: deno 2, bun 1; now deno a",
    "[ 1:01] 1 passed, 0 failed; files left: deno 2, bun 1; now deno a",
  ]);
  assertEquals(lines.at(-1), "");
});

test("TestScreen cuts the moving line to the terminal", () => {
  const lines = play(20).map((text) => text.replace("\r\x1b[2K", ""));
  assertEquals(lines[0], "[ 0:00] 0 passed, 0");
});
