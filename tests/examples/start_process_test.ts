import { assertEquals, assertStringIncludes } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

test("examples/start.ts: shows its tasks to somebody on this machine, where the runtime can tell", async () => {
  await using server = await serve("examples/start.ts");
  const { port } = server;
  const start = await request(port, "/");
  assertStringIncludes(start.text, `<button data-path="/order">`);
  for (const path of ["/order", "/signup"]) {
    const body = '{"email":"ada@example.com"}';
    const { status } = await request(port, path, { method: "POST", body });
    assertEquals(status, 200);
  }
  const page = await request(port, "/_tasks");
  if (runtime === "workerd") assertEquals(page.status, 403);
  else assertStringIncludes(page.text, "sendReceipt");
  const headers = { "x-forwarded-for": "127.0.0.1" };
  assertEquals((await request(port, "/_tasks", { headers })).status, 403);
  await server.line("mail to");
});

test("examples/start.ts: shows its tasks to nobody in production", async () => {
  const env = { NODE_ENV: "production" };
  await using server = await serve("examples/start.ts", { env });
  assertEquals((await request(server.port, "/_tasks")).status, 403);
});
