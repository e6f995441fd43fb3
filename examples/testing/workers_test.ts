// npx vitest run --config examples/testing/workers.config.mts
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import {
  createExecutionContext,
  waitOnExecutionContext,
} from "cloudflare:test";
import { expect, test } from "vitest";
import app, { mails, sendEmail } from "./app.ts";

test("sendEmail() sends a mail", async () => { // the unit test: just call it
  await sendEmail("test@example.com", "Hello");
  expect(mails.at(-1)).toBe("Hello -> test@example.com");
});

test("POST /signup welcomes by mail", async () => { // the integration test
  const client = new TestClient(app);
  const json = { email: "ada@example.com" };
  const response = await client.post("/signup", { json });
  expect(await response.json()).toEqual({ status: "ok" });
  assertTaskAdded(client, sendEmail, ["ada@example.com", expect.any(String)]);
  expect(mails.at(-1)).toBe("Welcome! -> ada@example.com");
});

test("POST /signup keeps the Worker alive until the mail is sent", async () => {
  const executionCtx = createExecutionContext();
  const client = new TestClient(app, { executionCtx, tasks: "manual" });
  await client.post("/signup", { json: { email: "bob@example.com" } });
  await client.tasks.runAll();
  await waitOnExecutionContext(executionCtx);
  expect(mails.at(-1)).toBe("Welcome! -> bob@example.com");
});
