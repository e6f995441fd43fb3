/**
 * A test that leaves a process and a file behind, and hangs where it is told to.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "../../harness/test.ts";

test("leaves a process and a file behind", async () => {
  const folder = mkdtempSync(`${tmpdir()}/left-`);
  writeFileSync(`${folder}/password`, "secret");
  const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  child.unref();
  writeFileSync(process.env["LEAVES_PID"] ?? "", String(child.pid));
  if (process.env["LEAVES_HANG"] === "yes") {
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
});
