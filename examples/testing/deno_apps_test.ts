// deno test examples/testing/deno_apps_test.ts
import {
  assertTaskAdded,
  CookieJar,
  memoryQueue,
  TestClient,
} from "@postlude/background-tasks/testing";
import { assertEquals } from "@std/assert";
import events, { gone } from "./events.ts";
import login, { audit } from "./login.ts";
import { createOrders } from "./orders.ts";

Deno.test("POST /orders/:id answers 503 while its queue is down", async () => {
  const queue = memoryQueue();
  const { app, ship } = createOrders(queue);
  const client = new TestClient(app);
  assertEquals((await client.post("/orders/1")).status, 202);
  assertTaskAdded(client, ship, ["1"]);
  queue.refuse("not-queued");
  assertEquals((await client.post("/orders/2")).status, 503);
});

Deno.test("POST /login signs in, and is audited", async () => {
  const cookies = new CookieJar();
  const client = new TestClient(login, { cookies, followRedirects: true });
  const response = await client.post("/login", { form: { user: "ada" } });
  assertEquals(await response.text(), "Hello ada");
  assertTaskAdded(client, audit, ["ada", "login"]);
});

Deno.test("GET /events/:name says goodbye when its client leaves", async () => {
  const client = new TestClient(events);
  const visitor = new AbortController();
  const visit = client.get("/events/ada", { signal: visitor.signal });
  await client.post("/messages", { body: "hello" });
  visitor.abort();
  assertEquals(await (await visit).text(), "data: hello\n\n");
  assertEquals(gone.at(-1), "ada");
});
