import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { until } from "../harness/until.ts";
import { leaveOut } from "../harness/left_out.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

/** A run of the test command, with a temporary folder of its own. */
interface Run {
  readonly command: RunningProcess;
  /** The process that its test has left; `undefined` before. */
  readonly left: () => number | undefined;
  /** What is in the temporary folder. */
  readonly files: () => string[];
}

function start(env: Readonly<Record<string, string>>): Run {
  const folder = mkdtempSync(`${tmpdir()}/left-behind-`);
  const TMPDIR = `${folder}/tmp`;
  mkdirSync(TMPDIR);
  const LEAVES_PID = `${folder}/pid`;
  const args = ["--runtime", "deno", "tests/apps/tools/leaves.ts"];
  const command = [process.execPath, "run", "-A", "tools/test.ts", ...args];
  return {
    command: new RunningProcess(command, { ...env, LEAVES_PID, TMPDIR }),
    left: () =>
      existsSync(LEAVES_PID) && Number(readFileSync(LEAVES_PID)) || undefined,
    files: () => readdirSync(TMPDIR),
  };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const TITLES = {
  end: "task test ends a process that a test has left, says so and fails",
  signal: "task test leaves nothing behind when it is stopped",
};

if (runtime !== "deno") {
  for (const title of Object.values(TITLES)) leaveOut(title, "only on Deno");
} else {
  test(TITLES.end, async () => {
    const { command, files, left } = start({});
    assertEquals(await command.exited, { code: 1, signal: null });
    const output = command.lines.join("\n");
    assertMatch(output, /left a process behind, now ended: \S*sleep 600/);
    assertEquals(command.lines.at(-1), "1 passed, 1 failed");
    assert(left() !== undefined);
    await until(() => !lives(left()!)); // its new parent has to take note
    assertEquals(files(), []);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${TITLES.signal}: ${signal}`, async () => {
      const { command, files, left } = start({ LEAVES_HANG: "yes" });
      await until(() => left() !== undefined);
      command.kill(signal);
      assertEquals(await command.exited, { code: 130, signal: null });
      await until(() => !lives(left()!));
      assertEquals(files(), []);
    });
  }
}
