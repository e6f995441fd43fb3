import { assertEquals } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { serve, type Served } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

const APP = "tests/apps/limits.ts";

async function status({ port }: Served, path: string): Promise<number> {
  return (await request(port, path)).status;
}

/** Gives what must not happen the time to happen. */
async function pings(server: Served): Promise<void> {
  for (let i = 0; i < 20; i++) await status(server, "/ping");
}

for (const deadline of ["the platform's deadline", "none"]) {
  test(`concurrency holds across requests, with ${deadline}: the end of one lets another start`, async () => {
    await using server = await serve(APP, {
      env: { NO_DEADLINE: deadline === "none" ? "yes" : "no" },
    });
    for (const name of ["one", "two", "three"]) {
      assertEquals(await status(server, `/work/${name}`), 200);
      if (name === "one") await server.line("one starts");
    }
    await pings(server);
    assertEquals(server.lines, ["one starts"]);
    await status(server, "/open/one");
    await server.line("two starts");
    await status(server, "/open/two");
    await server.line("three starts");
    await status(server, "/open/three");
    await server.line("three ends");
    assertEquals(
      server.lines,
      ["one", "two", "three"].flatMap((name) => [
        `${name} starts`,
        `${name} ends`,
      ]),
    );
  });
}

test("maxPending holds across requests: 503 while it is full, 200 again afterwards", async () => {
  await using server = await serve(APP);
  const paths = ["one", "two", "three", "four"].map((name) => `/work/${name}`);
  const statuses: number[] = [];
  for (const path of paths) statuses.push(await status(server, path));
  assertEquals(statuses, [200, 200, 200, 503]);
  await server.line("one starts");
  await status(server, "/open/one");
  await server.line("two starts");
  assertEquals(await status(server, "/work/four"), 200);
});

test("TaskRunner.drain() waits for the tasks of other requests", async () => {
  await using server = await serve(APP);
  await status(server, "/work/one");
  await server.line("one starts");
  const report = request(server.port, "/drain");
  await pings(server);
  await status(server, "/open/one");
  assertEquals(
    (await report).text,
    '{"finished":1,"failed":0,"abandoned":[]}',
  );
});

test("TaskRunner.drain() abandons the tasks of other requests, and makes room", async () => {
  await using server = await serve(APP);
  for (const name of ["one", "two", "three"]) {
    await status(server, `/work/${name}`);
  }
  await server.line("one starts");
  assertEquals(
    (await request(server.port, "/abandon")).text,
    '["work abandoned","work abandoned","work abandoned"]',
  );
  await server.line("one is aborted");
  assertEquals(await status(server, "/work/four"), 200);
  await server.line("four starts");
  await status(server, "/open/four");
  await server.line("four ends");
});
