// npx vitest run --config examples/testing/vitest.config.mts
import {
  assertTaskAdded,
  CookieJar,
  memoryQueue,
  TestClient,
} from "@postlude/background-tasks/testing";
import { expect, test } from "vitest";
import events, { gone } from "./events.ts";
import login, { audit } from "./login.ts";
import { createOrders } from "./orders.ts";

test("POST /orders/:id answers 503 while its queue is down", async () => {
  const queue = memoryQueue();
  const { app, ship } = createOrders(queue);
  const client = new TestClient(app);
  expect((await client.post("/orders/1")).status).toBe(202);
  assertTaskAdded(client, ship, ["1"]);
  queue.refuse("not-queued");
  expect((await client.post("/orders/2")).status).toBe(503);
});

test("POST /login signs in, and is audited", async () => {
  const cookies = new CookieJar();
  const client = new TestClient(login, { cookies, followRedirects: true });
  const response = await client.post("/login", { form: { user: "ada" } });
  expect(await response.text()).toBe("Hello ada");
  assertTaskAdded(client, audit, ["ada", "login"]);
});

test("GET /events/:name says goodbye when its client leaves", async () => {
  const client = new TestClient(events);
  const visitor = new AbortController();
  const visit = client.get("/events/ada", { signal: visitor.signal });
  await client.post("/messages", { body: "hello" });
  visitor.abort();
  expect(await (await visit).text()).toBe("data: hello\n\n");
  expect(gone.at(-1)).toBe("ada");
});
