import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { root } from "../../tools/project.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

// The runner that runs this file runs the example for it too, each of its tests.
const folder = new URL("examples/testing/", root);
if (runtime === "deno" || runtime === "bun") {
  for (const name of [`${runtime}_test.ts`, `${runtime}_apps_test.ts`]) {
    await import(new URL(name, folder).href);
  }
}
if (runtime === "node") {
  await import("../../examples/testing/node_test.ts");
  await import("../../examples/testing/node_apps_test.ts");
}

if (runtime === "node") vitestTest("Vitest", "vitest.config.mts");
if (runtime === "deno" || runtime === "bun") {
  leaveOut("examples/testing in Vitest", "it runs on Node and on workerd");
}
if (runtime === "workerd") {
  vitestTest("Vitest on workerd", "workers.config.mts");
}

/** Runs an example's tests with the real Vitest, in a process of Node. */
function vitestTest(name: string, config: string): void {
  test(`examples/testing/${config}: its tests pass in ${name}`, async () => {
    await using vitest = new RunningProcess([
      "node",
      fileURLToPath(new URL("node_modules/vitest/vitest.mjs", root)),
      "run",
      "--config",
      `examples/testing/${config}`,
      "--testTimeout=150000", // its own is short for a busy machine
    ], { CI: "true", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" });
    const { code } = await vitest.exited;
    const output = vitest.lines.join("\n");
    assertEquals(code, 0, output + vitest.stderr);
    assertStringIncludes(output, "Tests  6 passed (6)");
  });
}
