import { assertEquals } from "@std/assert";
import type { TaskRun } from "@postlude/background-tasks";
import { report } from "../../src/shutdown/end_process.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

test("report() names twenty of the tasks that were abandoned, and counts the other names", async () => {
  const runs = Array.from({ length: 50 }, (_, index): TaskRun => ({
    id: String(index),
    name: `task ${index % 25}`,
    attempt: 0,
    status: "abandoned",
    addedAt: 0,
    startedAt: index < 25 ? 0 : undefined,
    endedAt: 0,
    error: undefined,
  }));
  const lines = await consoleLines("error", () => report(runs, "at the exit"));
  const names = Array.from(
    { length: 20 },
    (_, index) => `"task ${index}" (1 running, 1 waiting)`,
  );
  assertEquals(lines, [
    `Background tasks: 50 abandoned at the exit: ${
      names.join(", ")
    }, and 5 names more`,
  ]);
  assertEquals(await consoleLines("error", () => report([], "never")), []);
});
