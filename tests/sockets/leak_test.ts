import { serve } from "../harness/serve.ts";
import { host, runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
test("leaks a server and fails", async () => {
  const s = await serve("tests/apps/echo.ts", { env: { GREETING: "hi" } });
  console.log("LEAK", runtime, host, s.pid);
  throw new Error("x");
});
