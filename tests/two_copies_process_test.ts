import { assertEquals } from "@std/assert";
import { leaveOut } from "./harness/left_out.ts";
import { runnable, runScript } from "./harness/run_script.ts";
import { runtime } from "./harness/runtime.ts";
import { test } from "./harness/test.ts";

const name =
  "Two copies of the package share one queue of a request, and say what cannot be shared";

if (runtime === "workerd") leaveOut(name, "a Worker is one bundle");
else {
  test(name, async () => {
    const COPY = await runnable("mod.ts", true);
    await using app = await runScript("tests/apps/two_copies.ts", { COPY });
    assertEquals((await app.exited).code, 0, app.stderr);
    assertEquals(app.lines, [
      "true outer , inner, outer throws",
      "true outer , inner, outer throws",
      "TypeError: Cannot get the background tasks: another copy of @postlude/background-tasks opened " +
      "the front door; install one version, and bundle it once",
      "no error",
    ]);
    assertEquals(app.stderr, "");
  });
}
