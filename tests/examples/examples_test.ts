import { assertEquals } from "@std/assert";
import {
  assertNoTasksAdded,
  assertTaskAdded,
  assertTaskOrder,
  TestClient,
} from "@postlude/background-tasks/testing";
import concurrent from "../../examples/concurrent.ts";
import plainFetch from "../../examples/plain_fetch.ts";
import saveFirst from "../../examples/save_first.ts";
import signup from "../../examples/signup.ts";
import { test } from "../harness/test.ts";

test("examples/signup.ts: a signup adds the mail", async () => {
  const client = new TestClient(signup, { tasks: "record" });
  const json = { email: "ada@example.com" };
  const response = await client.post("/signup", { json });
  assertEquals(await response.json(), { status: "ok" });
  assertTaskAdded(client, "sendEmail", ["ada@example.com", "Welcome!"]);
  assertEquals(client.tasks.ran, []);
});

test("examples/plain_fetch.ts: the receipt is sent at the second attempt, in no time", async () => {
  const client = new TestClient(plainFetch);
  await client.post("/", { json: { id: "42" } });
  assertTaskAdded(
    client,
    "send-receipt",
    ({ args, attempts, status }) =>
      args[0] === "42" && attempts === 2 && status === "succeeded",
  );
});

test("examples/plain_fetch.ts: a GET adds nothing", async () => {
  const client = new TestClient(plainFetch);
  assertEquals((await client.get("/")).status, 405);
  assertNoTasksAdded(client);
});

test("examples/concurrent.ts: the report is written behind the group", async () => {
  const client = new TestClient(concurrent);
  await client.post("/orders/42");
  assertTaskOrder(client, ["sendEmail", "callWebhook", "warmCache"]);
  assertEquals(client.tasks.ran.map(({ name }) => name).at(-1), "writeReport");
  assertEquals(
    client.tasks.succeeded.map(({ name }) => name),
    ["warmCache", "callWebhook", "sendEmail", "writeReport"],
  );
});

test("examples/save_first.ts: the task gets the ID of what was saved", async () => {
  const client = new TestClient(saveFirst);
  const order = { id: "7", email: "ada@example.com" };
  const response = await client.post("/orders", { json: order });
  assertEquals(response.status, 201);
  assertEquals((await client.delete("/orders/7")).status, 204);
  assertEquals(client.tasks.succeeded.map(String), [
    'sendReceipt("7")',
    'sendReceipt("7")',
  ]);
});
