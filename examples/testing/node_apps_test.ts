// node --test examples/testing/node_apps_test.ts          (Node 24; before, compile it first)
import {
  assertTaskAdded,
  CookieJar,
  memoryQueue,
  TestClient,
} from "@postlude/background-tasks/testing";
import assert from "node:assert/strict";
import { test } from "node:test";
import events, { gone } from "./events.ts";
import login, { audit } from "./login.ts";
import { createOrders } from "./orders.ts";

test("POST /orders/:id answers 503 while its queue is down", async () => {
  const queue = memoryQueue();
  const { app, ship } = createOrders(queue);
  const client = new TestClient(app);
  assert.equal((await client.post("/orders/1")).status, 202);
  assertTaskAdded(client, ship, ["1"]);
  queue.refuse("not-queued");
  assert.equal((await client.post("/orders/2")).status, 503);
});

test("POST /login signs in, and is audited", async () => {
  const cookies = new CookieJar();
  const client = new TestClient(login, { cookies, followRedirects: true });
  const response = await client.post("/login", { form: { user: "ada" } });
  assert.equal(await response.text(), "Hello ada");
  assertTaskAdded(client, audit, ["ada", "login"]);
});

test("GET /events/:name says goodbye when its client leaves", async () => {
  const client = new TestClient(events);
  const visitor = new AbortController();
  const visit = client.get("/events/ada", { signal: visitor.signal });
  await client.post("/messages", { body: "hello" });
  visitor.abort();
  assert.equal(await (await visit).text(), "data: hello\n\n");
  assert.equal(gone.at(-1), "ada");
});
