import { assertEquals, assertRejects } from "@std/assert";
import { withBackgroundTasks } from "@postlude/background-tasks";
import { TestClient } from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { test } from "../harness/test.ts";

/** Answers with what came: method, path and query, some headers, the body. */
async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return Response.json([
    request.method,
    pathname + search,
    request.headers.get("content-type"),
    request.headers.get("x-own"),
    await request.text(),
  ]);
}

const client = new TestClient(echo);

async function sent(response: Promise<Response>): Promise<unknown> {
  return await (await response).json();
}

/** A stream of two chunks. */
function streamOf(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller): void {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(encoder.encode(chunk));
    },
  });
}

test("TestClient.post() sends a stream as its body", async () => {
  assertEquals(await sent(client.post("/a", { body: streamOf("b", "c") })), [
    "POST",
    "/a",
    null,
    null,
    "bc",
  ]);
});

test("TestClient.request() sends a Request, and what is said beside it goes on top", async () => {
  const request = (): Request =>
    new Request("http://localhost/a?b=1", {
      method: "PUT",
      headers: { "content-type": "text/css", "x-own": "first" },
      body: "body",
    });
  assertEquals(await sent(client.request(request())), [
    "PUT",
    "/a?b=1",
    "text/css",
    "first",
    "body",
  ]);
  const options = { query: { c: 2 }, headers: { "X-Own": "second" } };
  assertEquals(await sent(client.request(request(), options)), [
    "PUT",
    "/a?b=1&c=2",
    "text/css",
    "second",
    "body",
  ]);
  assertEquals(
    await sent(client.request(request(), { method: "PATCH", json: [1] })),
    ["PATCH", "/a?b=1", "application/json", "first", "[1]"],
  );
});

test("TestClient.request() takes the body out of a Request, and refuses one that was read", async () => {
  const request = new Request("http://localhost/", {
    method: "POST",
    body: streamOf("a"),
    duplex: "half",
  } as RequestInit);
  assertEquals((await sent(client.request(request)) as unknown[])[4], "a");
  const { message } = await assertRejects(
    () => client.request(request),
    TypeError,
  );
  assertEquals(
    message,
    "Cannot send this Request: its body was read; send a clone() of it",
  );
});

test("TestClient.post({ json }) leaves a content type alone that is given", async () => {
  const headers = { "content-type": "application/vnd.api+json" };
  assertEquals(await sent(client.post("/", { json: 1, headers })), [
    "POST",
    "/",
    "application/vnd.api+json",
    null,
    "1",
  ]);
});

test("TestClient.request() sees the tasks of a Request that a test made", async () => {
  const app = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(function sendEmail() {});
    return new Response("ok");
  });
  const seeing = new TestClient(app);
  await seeing.request(new Request("http://localhost/"));
  assertEquals(seeing.tasks.succeeded.length, 1);
});

test("TestClient.head() and options() send what they are called", async () => {
  const app = new Hono();
  app.get("/a", (c) => c.text("body", 200, { "x-own": "yes" }));
  app.options("/a", (c) => c.body(null, 204, { allow: "GET" }));
  const hono = new TestClient(app);
  const head = await hono.head("/a");
  assertEquals([head.headers.get("x-own"), await head.text()], ["yes", ""]);
  const options = await hono.options("/a");
  assertEquals([options.status, options.headers.get("allow")], [204, "GET"]);
  await assertRejects(
    () => client.head("/", { method: "GET" }),
    TypeError,
    'Cannot send a HEAD with method "GET"',
  );
});

/** An app that sends each path elsewhere, and tells what arrived at `/end`. */
const redirecting = new Hono();
for (const status of [301, 302, 303, 307, 308] as const) {
  redirecting.all(`/${status}`, (c) => c.redirect("/end", status));
}
redirecting.all("/relative/down", (c) => c.redirect("../end", 302));
redirecting.all("/abroad", (c) => c.redirect("https://example.com/end", 302));
redirecting.all("/circle", (c) => c.redirect("/circle", 302));
redirecting.all("/nowhere", (c) => c.body(null, 302));
redirecting.all("/end", (c) => echo(c.req.raw));

const follower = new TestClient(redirecting, { followRedirects: true });

test("TestClient({ followRedirects }) follows each redirect as a browser does", async () => {
  const post = { form: { a: "b" }, headers: { "x-own": "yes" } };
  for (const status of [301, 302, 303]) {
    assertEquals(
      await sent(follower.post(`/${status}`, post)),
      ["GET", "/end", null, "yes", ""],
      String(status),
    );
  }
  const type = "application/x-www-form-urlencoded;charset=UTF-8";
  for (const status of [307, 308]) {
    assertEquals(
      await sent(follower.post(`/${status}`, post)),
      ["POST", "/end", type, "yes", "a=b"],
      String(status),
    );
  }
  assertEquals(
    await sent(follower.put("/302", post)),
    ["PUT", "/end", type, "yes", "a=b"],
  );
  assertEquals(
    await sent(follower.put("/303", post)),
    ["GET", "/end", null, "yes", ""],
  );
  assertEquals(
    (await sent(follower.get("/relative/down")) as unknown[])[1],
    "/end",
  );
  const methods: string[] = [];
  const watched = new TestClient((request: Request) => {
    methods.push(request.method);
    return redirecting.fetch(request);
  }, { followRedirects: true });
  await watched.head("/303");
  assertEquals(methods, ["HEAD", "HEAD"]);
});

test("TestClient({ followRedirects }) sends a stream again where it has to", async () => {
  const response = follower.post("/307", { body: streamOf("a", "b") });
  assertEquals((await sent(response) as unknown[])[4], "ab");
});

test("TestClient() leaves redirects alone unless it is told to follow them, and those abroad always", async () => {
  const leaving = new TestClient(redirecting);
  assertEquals((await leaving.post("/303")).status, 303);
  const followed = await leaving.post("/303", { followRedirects: true });
  assertEquals(followed.status, 200);
  const kept = await follower.get("/301", { followRedirects: false });
  assertEquals(kept.status, 301);
  assertEquals((await follower.get("/abroad")).status, 302);
  assertEquals((await follower.get("/nowhere")).status, 302);
});

test("TestClient({ followRedirects }) ends a circle, saying where it is", async () => {
  let requests = 0;
  const circling = new TestClient((request: Request) => {
    requests++;
    return redirecting.fetch(request);
  }, { followRedirects: true });
  const { message } = await assertRejects(() => circling.get("/circle"), Error);
  assertEquals(requests, 21);
  assertEquals(
    message,
    "Cannot follow the redirect to http://localhost/circle: 20 were followed before it; write " +
      "followRedirects: false to look at the first",
  );
});

test("TestClient({ followRedirects }) lets the tasks of each request end before the next", async () => {
  const events: string[] = [];
  const app = withBackgroundTasks((request, tasks) => {
    const { pathname } = new URL(request.url);
    events.push(pathname);
    tasks.addTask(() => events.push(`task of ${pathname}`));
    return pathname === "/end"
      ? new Response("ok")
      : new Response(null, { status: 303, headers: { location: "/end" } });
  });
  await new TestClient(app, { followRedirects: true }).post("/start");
  assertEquals(events, ["/start", "task of /start", "/end", "task of /end"]);
});

test("TestClient.request() forgets the length of a body that another one replaces", async () => {
  const client = new TestClient((request) =>
    new Response(request.headers.get("content-length"))
  );
  const request = new Request("http://localhost/", {
    method: "POST",
    headers: { "content-length": "3", "content-type": "text/plain" },
    body: "abc",
  });
  const response = await client.request(request, { json: "longer" });
  assertEquals(await response.text(), "");
});
