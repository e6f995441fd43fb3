// node --test examples/testing/node_test.ts          (Node 24; before, compile it first)
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import assert from "node:assert/strict";
import { test } from "node:test";
import app, { mails, sendEmail } from "./app.ts";

test("sendEmail() sends a mail", async () => { // the unit test: just call it
  await sendEmail("test@example.com", "Hello");
  assert.equal(mails.at(-1), "Hello -> test@example.com");
});

test("POST /signup welcomes by mail", async () => { // the integration test
  const client = new TestClient(app);
  const json = { email: "ada@example.com" };
  const response = await client.post("/signup", { json });
  assert.deepEqual(await response.json(), { status: "ok" });
  assertTaskAdded(client, sendEmail, ["ada@example.com", "Welcome!"]);
  assert.equal(mails.at(-1), "Welcome! -> ada@example.com");
});

test("POST /signup without an address fails the test", async () => {
  const client = new TestClient(app);
  const request = client.post("/signup", { json: { email: "ada" } });
  await assert.rejects(request, /Cannot finish task "sendEmail"/);
});
