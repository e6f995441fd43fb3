import { assertEquals } from "@std/assert";
import { runScript } from "../harness/run_script.ts";
import { test } from "../harness/test.ts";

test("TestClient({ timeLimit }) keeps no process alive behind a request", async () => {
  await using script = await runScript("tests/apps/test_client.ts");
  const { code } = await script.exited;
  assertEquals([code, script.lines], [0, ["ok"]]);
});
