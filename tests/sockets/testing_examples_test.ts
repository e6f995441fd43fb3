import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root } from "../../tools/project.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { leaveOut, noFiles, testUnless } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

// The runner that runs this file runs the example for it too, each of its tests.
const own = { deno: "deno_test.ts", bun: "bun_test.ts", node: "", workerd: "" };
if (own[runtime] !== "") {
  await import(new URL(`examples/testing/${own[runtime]}`, root).href);
}
if (runtime === "node") await import("../../examples/testing/node_test.ts");

if (runtime === "node") vitestTest("Vitest", "vitest.config.mts");
if (runtime === "deno" || runtime === "bun") {
  leaveOut("examples/testing in Vitest", "it runs on Node and on workerd");
}
if (runtime === "workerd") {
  vitestTest("Vitest on workerd", "workers.config.mts");
}

testUnless(
  noFiles,
  "examples/report.ts: the report is deleted once it has been read",
  async () => {
    const { default: app } = await import("../../examples/report.ts");
    const client = new TestClient(app, { tasks: "record" });
    const response = await client.get("/report.csv", { query: { rows: 3 } });
    assertEquals((await response.text()).length, 3 * 62);
    const [folder] = assertTaskAdded(client, "deleteReport").args;
    assertEquals(existsSync(`${folder}`), true);
    await client.tasks.runAll();
    assertEquals(existsSync(`${folder}`), false);
  },
);

/** Runs an example's tests with the real Vitest, in a process of Node. */
function vitestTest(name: string, config: string): void {
  test(`examples/testing/${config}: its tests pass in ${name}`, async () => {
    await using vitest = new RunningProcess([
      "node",
      fileURLToPath(new URL("node_modules/vitest/vitest.mjs", root)),
      "run",
      "--config",
      `examples/testing/${config}`,
    ], { CI: "true", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" });
    const { code } = await vitest.exited;
    const output = vitest.lines.join("\n");
    assertEquals(code, 0, output + vitest.stderr);
    assertStringIncludes(output, "Tests  3 passed (3)");
  });
}
