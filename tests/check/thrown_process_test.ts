import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { noSignals, testUnless } from "../harness/left_out.ts";
import { runScript } from "../harness/run_script.ts";

testUnless(
  noSignals,
  "console.error gets no line that a task's name or error has forged, and none that is long",
  async () => {
    await using app = await runScript("tests/apps/hostile.ts");
    assertEquals(await app.exited, { code: 0, signal: null });
    assertEquals(app.lines, ["done"]);
    for (const line of app.stderr.split("\n")) {
      assertFalse(/^forged|[\p{Cc}\u2028\u202e]/u.test(line), line);
      assertFalse(line.length > 5_000, line);
    }
    const reports = app.stderr.match(/^Background task ".*" failed:/gm);
    assertEquals(reports?.length, 13, app.stderr);
    assertMatch(app.stderr, /[eE]rror: no such mailbox\n +at /);
    assertMatch(
      app.stderr,
      /"message" failed: Error: no mailbox \\u000aforged: .*\n +at /,
    );
    assertMatch(app.stderr, /"text" failed: no mailbox \\u000aforged: /);
  },
);
