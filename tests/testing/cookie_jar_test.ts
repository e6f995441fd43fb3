import { assertEquals, assertThrows } from "@std/assert";
import { CookieJar, TestClient } from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

/** Sets the cookies of the query, and answers with those that came. */
function app(request: Request): Response {
  const { searchParams } = new URL(request.url);
  const response = new Response(request.headers.get("cookie"));
  for (const line of searchParams.getAll("set")) {
    response.headers.append("set-cookie", line);
  }
  return response;
}

/** What is sent to a URL once cookies were set by another. */
async function sentAfter(
  lines: readonly string[],
  { from = "http://localhost/", to = "http://localhost/" } = {},
): Promise<string> {
  const client = new TestClient(app, { cookies: new CookieJar() });
  const query = new URLSearchParams(lines.map((line) => ["set", line]));
  await client.get(from, { query });
  return await (await client.get(to)).text();
}

test("TestClient({ cookies }) sends what a response set, with later requests", async () => {
  assertEquals(await sentAfter(["a=1", "b=2; HttpOnly"]), "a=1; b=2");
  assertEquals(await sentAfter(["a=1", "a=2"]), "a=2");
  assertEquals(await sentAfter(["a=b=c"]), "a=b=c");
  assertEquals(await sentAfter(["no name", "=x", ""]), "no name=");
});

test("TestClient() keeps no cookies without a jar", async () => {
  const client = new TestClient(app);
  await client.get("/", { query: { set: "a=1" } });
  assertEquals(await (await client.get("/")).text(), "");
});

test("TestClient({ cookies }) sends a cookie to its path and below it alone", async () => {
  const cases: [string, string, string, string][] = [
    ["a=1; Path=/x", "/", "/x", "a=1"],
    ["a=1; Path=/x", "/", "/x/y", "a=1"],
    ["a=1; Path=/x/", "/", "/x/y", "a=1"],
    ["a=1; Path=/x", "/", "/xy", ""],
    ["a=1; Path=/x", "/", "/", ""],
    ["a=1", "/x/y", "/x/z", "a=1"],
    ["a=1", "/x/y", "/", ""],
    ["a=1", "/x", "/y", "a=1"],
  ];
  for (const [line, from, to, sent] of cases) {
    const paths = {
      from: `http://localhost${from}`,
      to: `http://localhost${to}`,
    };
    assertEquals(await sentAfter([line], paths), sent, `${line} ${from} ${to}`);
  }
  const from = "http://localhost/x";
  assertEquals(await sentAfter(["a=1", "a=2; Path=/"], { from }), "a=2");
  const both = ["a=all; Path=/", "a=own; Path=/x"];
  const to = "http://localhost/x";
  assertEquals(await sentAfter(both, { to }), "a=own; a=all");
});

test("TestClient({ cookies }) sends a cookie to its host, and below a Domain", async () => {
  const cases: [string, string, string, string][] = [
    ["a=1", "http://a.test", "http://a.test", "a=1"],
    ["a=1", "http://a.test", "http://b.a.test", ""],
    ["a=1; Domain=a.test", "http://b.a.test", "http://c.a.test", "a=1"],
    ["a=1; Domain=.A.test", "http://a.test", "http://b.a.test", "a=1"],
    ["a=1; Domain=other.test", "http://a.test", "http://other.test", ""],
    ["a=1; Domain=a.test", "http://a.test", "http://eva.test", ""],
    ["a=1; Secure", "https://a.test", "https://a.test", "a=1"],
    ["a=1; Secure", "https://a.test", "http://a.test", ""],
    ["a=1; Secure", "http://localhost", "http://localhost", "a=1"],
  ];
  for (const [line, from, to, sent] of cases) {
    assertEquals(await sentAfter([line], { from, to }), sent, `${line} ${to}`);
  }
});

test("TestClient({ cookies }) forgets a cookie whose time is over", async () => {
  const past = new Date(0).toUTCString();
  const future = new Date(Date.now() + 60_000).toUTCString();
  const cases: [string[], string][] = [
    [["a=1", "a=; Max-Age=0"], ""],
    [["a=1", `a=; Expires=${past}`], ""],
    [[`a=1; Expires=${future}`], "a=1"],
    [[`a=1; Expires=${past}; Max-Age=60`], "a=1"],
    [["a=1; Max-Age=soon"], "a=1"],
  ];
  for (const [lines, sent] of cases) {
    assertEquals(await sentAfter(lines), sent, lines.join());
  }
});

test("TestClient({ cookies }) leaves a cookie of the request itself as it is", async () => {
  const cookies = new CookieJar();
  cookies.set("a", "jar");
  cookies.set("b", "jar");
  const client = new TestClient(app, { cookies });
  const response = await client.get("/", { headers: { cookie: "a=own" } });
  assertEquals(await response.text(), "a=own; b=jar");
});

test("TestClient({ cookies }) sends a cookie that a redirect set along the way", async () => {
  const cookies = new CookieJar();
  const login = (request: Request): Response =>
    new URL(request.url).pathname === "/login"
      ? new Response(null, {
        status: 303,
        headers: { location: "/me", "set-cookie": "user=ada; Path=/" },
      })
      : new Response(request.headers.get("cookie"));
  const client = new TestClient(login, { cookies, followRedirects: true });
  const headers = { cookie: "theme=dark" };
  const response = await client.post("/login", { headers });
  assertEquals(await response.text(), "theme=dark; user=ada");
});

test("CookieJar.get(), set() and clear() are what a test looks at", async () => {
  const cookies = new CookieJar();
  const [one, two] = [1, 2].map(() => new TestClient(app, { cookies }));
  await one!.get("/", { query: { set: "a=1" } });
  assertEquals([cookies.get("a"), cookies.get("b")], ["1", undefined]);
  assertEquals(await (await two!.get("/")).text(), "a=1");
  cookies.clear();
  assertEquals(cookies.get("a"), undefined);
  const { message } = assertThrows(
    () => cookies.set("a", undefined as never),
    TypeError,
  );
  assertEquals(
    message,
    'Cannot set cookie "a" to undefined: write two strings without ";"',
  );
  for (const [name, value] of [["a", "b; c"], ["a;b", "c"]] as const) {
    assertThrows(() => cookies.set(name, value), TypeError, "without");
  }
});
