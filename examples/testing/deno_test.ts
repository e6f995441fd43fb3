// deno test examples/testing/deno_test.ts
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import { assertEquals, assertRejects } from "@std/assert";
import app, { mails, sendEmail } from "./app.ts";

Deno.test("sendEmail() sends a mail", async () => { // the unit test: just call it
  await sendEmail("test@example.com", "Hello");
  assertEquals(mails.at(-1), "Hello -> test@example.com");
});

Deno.test("POST /signup welcomes by mail", async () => { // the integration test
  const client = new TestClient(app);
  const json = { email: "ada@example.com" };
  const response = await client.post("/signup", { json });
  assertEquals(await response.json(), { status: "ok" });
  assertTaskAdded(client, sendEmail, ["ada@example.com", "Welcome!"]);
  assertEquals(mails.at(-1), "Welcome! -> ada@example.com");
});

Deno.test("POST /signup without an address fails the test", async () => {
  const client = new TestClient(app);
  const request = client.post("/signup", { json: { email: "ada" } });
  await assertRejects(() => request, Error, 'Cannot finish task "sendEmail"');
});
