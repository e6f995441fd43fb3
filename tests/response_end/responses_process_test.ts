import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, writeFileSync } from "node:fs";
import { bundlesFolder } from "../harness/bundles_folder.ts";
import {
  connect,
  type Connection,
  request,
  type RequestOptions,
} from "../harness/http_client.ts";
import type { CompleteResponse } from "../harness/http_response.ts";
import {
  heavy,
  leaveOut,
  noFiles,
  notOnWorkers,
  testUnless,
} from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve, type Served } from "../harness/serve.ts";
import { test } from "../harness/test.ts";
import { startUpstream } from "../harness/upstream.ts";

const MB = 1024 * 1024;
const folder = mkdtempSync(`${bundlesFolder()}/responses-`);
writeFileSync(`${folder}/file`, new Uint8Array(64 * MB).fill(9));

const SETTINGS = { RELEASES: folder, FILE: `${folder}/file` };

let server: Served | undefined;

/** One server for all cases of a process; the harness stops it when the process ends. */
async function app(): Promise<Served> {
  return server ??= await serve("tests/apps/responses.ts", {
    env: { ...SETTINGS, UPSTREAM: await startUpstream() },
  });
}

interface Case {
  readonly path: string;
  readonly options?: RequestOptions;
  /** A body in memory, larger than what the kernel is sure to take at once. */
  readonly large?: boolean;
  /** Why it cannot run here. */
  readonly unless?: string | undefined;
}

const CASES: readonly Case[] = [
  ...["/string/100", "/string/1048576", "/bytes/100", "/bytes/1048576"],
  ...["/json", "/stream/1", "/stream/16", "/stream/256", "/length/16"],
  ...["/byte-stream/16", "/generator/16", "/sse"],
  ...["/204", "/205", "/304", "/416", "/redirect", "/throws"],
  ...["/inside", "/outside"].flatMap((where) =>
    ["cors", "etag", "compress", "secure"].flatMap((what) =>
      ["json", "stream/4"].map((body) => `${where}/${what}/${body}`)
    )
  ),
  ...["/slow/stream/4", "/slow/json"],
  ...["/upstream/plain", "/upstream/gzip", "/upstream/chunked"],
].map((path): Case => ({ path }));

const WORKERS: readonly Case[] = [
  ...["/rewritten", "/fixed/plain", "/identity/plain", "/identity/chunked"],
  ...["/wrong-length/5", "/wrong-length/none", "/byte-stream/16"],
].map((path): Case => ({ path, unless: notOnWorkers }));

const LARGE: readonly Case[] = [
  ...[16, 64].flatMap((size) => {
    const unless = size > 16 ? heavy : undefined;
    return [
      { path: `/string/${size * MB}`, large: true, unless },
      { path: `/bytes/${size * MB}`, large: true, unless },
      { path: `/stream/${size * 16}`, unless },
      { path: `/length/${size * 16}`, unless },
    ];
  }),
  { path: "/file", unless: noFiles },
  { path: "/upstream/large" },
  { path: "/identity/large", unless: notOnWorkers },
  { path: "/fixed/large", unless: notOnWorkers },
];

const OTHER: readonly Case[] = [
  {
    path: "/file",
    options: { headers: { range: "bytes=0-99" } },
    unless: noFiles,
  },
  {
    path: "/file",
    options: { headers: { range: "bytes=100-70000" } },
    unless: noFiles,
  },
  {
    path: "/file",
    options: { headers: { range: "bytes=999999999-9999999999" } },
    unless: noFiles,
  },
  ...CASES.filter(({ path }) => !/throws|breaks|slow/.test(path)).map((
    { path },
  ): Case => ({
    path,
    options: { method: "HEAD" },
  })),
  { path: "/file", options: { method: "HEAD" }, unless: noFiles },
];

for (
  const { path, options, large, unless } of [
    ...CASES,
    ...WORKERS,
    ...OTHER,
    ...LARGE,
  ]
) {
  const method = options?.method ?? "GET";
  const range = options?.headers?.["range"] ?? "";
  // On Deno and workerd the tail of a large body in memory may wait behind a task that burns CPU.
  // On workerd a middleware outside, which takes its time, is not seen for a body in memory.
  const hole =
    large === true && (runtime === "deno" || runtime === "workerd") ||
    path === "/slow/json" && runtime === "workerd";
  const title = `responseEnd: ${method} ${path} ${range}`.trim();
  testUnless(unless, title, async () => {
    const plain = await request((await app()).port, path, options);
    const work = hole ? 0 : plain.body.length > 100_000 ? 4 : 1;
    const { response, line } = await withTask(path, options, work);
    assertSame(response, plain);
    assertOutcome(line, ["sent", "unknown"], response.status);
  });
}

for (const { path, large, unless } of LARGE) {
  const hole = large && (runtime === "deno" || runtime === "workerd");
  testUnless(unless, `responseEnd: a slow reader of ${path}`, async () => {
    const { port } = await app();
    const name = uniqueName();
    using connection = await connect(port);
    const response = connection.request(`${path}?task=${name}`);
    await response.head;
    connection.pause();
    for (let i = 0; i < 50; i++) await request(port, "/ping");
    if (!hole) assertEquals(linesOf(name), []);
    connection.resume();
    await response.complete;
    await lineOf(name);
  });

  const leaves = `responseEnd: a client that leaves in the middle of ${path}`;
  testUnless(unless, leaves, async () => {
    const { port } = await app();
    const name = uniqueName();
    const connection = await connect(port);
    const response = connection.request(`${path}?task=${name}`);
    await response.head;
    connection.pause();
    for (let i = 0; i < 10; i++) await request(port, "/ping");
    if (!hole) assertEquals(linesOf(name), []);
    connection.destroy();
    assertOutcome(await lineOf(name), ["aborted", "unknown"], 200);
  });
}

test("responseEnd: a client that leaves before the first byte", async () => {
  const { port } = await app();
  const name = uniqueName();
  const connection = await connect(port);
  connection.request(`/waits/${name}?task=${name}`);
  await (await app()).line(`waits ${name}`);
  connection.destroy();
  await connection.closed;
  assertEquals(linesOf(name), []);
  await request(port, `/open/${name}`);
  assertOutcome(await lineOf(name), ["aborted", "unknown"], 200);
});

test("responseEnd: a client that leaves between two requests", async () => {
  const { port } = await app();
  const [one, two] = [uniqueName(), uniqueName()];
  const connection = await connect(port);
  await connection.request(`/json?task=${one}`).complete;
  await lineOf(one);
  await connection.request(`/json?task=${two}`).complete;
  connection.destroy();
  await lineOf(two);
});

test("responseEnd: a body that fails half-way", async () => {
  const { port } = await app();
  const name = uniqueName();
  using connection = await connect(port);
  const { complete } = connection.request(`/breaks?task=${name}`);
  await complete.then(() => {}, () => {});
  assertOutcome(await lineOf(name), ["errored", "unknown"], 200);
});

const LASTING: Readonly<Record<string, RequestOptions>> = {
  "an event stream that lasts": {},
  "an event stream that lasts, for a request that a middleware replaced": {
    method: "POST",
    headers: { "Transfer-Encoding": "chunked" },
    body: "2\r\nhi\r\n0\r\n\r\n",
  },
};

for (const [title, options] of Object.entries(LASTING)) {
  test(`responseEnd: ${title}`, async () => {
    const { port } = await app();
    const name = uniqueName();
    using connection = await connect(port);
    const path = `/lasts/${name}?task=${name}&hold`;
    const response = connection.request(path, options);
    await response.head;
    for (let i = 0; i < 20; i++) await request(port, "/ping");
    assertEquals(linesOf(name), []);
    await request(port, `/open/${name}`);
    const { text } = await response.complete;
    release(name);
    assertEquals(text, "data: first\n\ndata: last\n\n");
    await lineOf(name);
  });
}

test("responseEnd: tasks added from inside the body run behind the others", async () => {
  const name = uniqueName();
  const response = await request((await app()).port, `/own/late?task=${name}`);
  assertEquals(response.body.length, 8 * 65536);
  await lineOf(`${name}-late`);
  assertEquals(
    (await app()).lines.filter((line) => line.includes(name)).map((line) =>
      line.split(" ")[1]
    ),
    [name, `${name}-late`],
  );
});

test("responseEnd: a first task added from inside the body runs", async () => {
  const name = uniqueName();
  await request((await app()).port, `/own/only-late?task=${name}`);
  await lineOf(`${name}-late`);
});

const late = runtime === "workerd"
  ? "Workers end a handler whose response has left"
  : undefined;
const lateTitle =
  "responseEnd: a task added when a middleware outside has answered runs";
testUnless(late, lateTitle, async () => {
  const { port } = await app();
  const name = uniqueName();
  const path = `/own/timeout/${name}?task=${name}`;
  assertEquals((await request(port, path)).text, "Gateway Timeout");
  await request(port, `/open/${name}`);
  await lineOf(name);
});

test("responseEnd: a task added from inside the body runs when one before it was cancelled", async () => {
  const { port } = await app();
  const name = uniqueName();
  using connection = await connect(port);
  const response = connection.request(`/own/cancelled/${name}?task=${name}`);
  await response.head;
  for (let i = 0; i < 20; i++) await request(port, "/ping");
  await request(port, `/open/${name}`);
  const { text } = await response.complete;
  assertEquals(text, "data: first\n\ndata: last\n\n");
  await lineOf(name);
});

test("responseEnd: three pipelined requests get their answers before their tasks burn", async () => {
  const { port } = await app();
  const names = [uniqueName(), uniqueName(), uniqueName()];
  using connection: Connection = await connect(port);
  const pending = names.map((name) =>
    connection.request(`/json?task=${name}`).complete
  );
  for (const { status } of await Promise.all(pending)) {
    assertEquals(status, 200);
  }
  for (const name of names) await lineOf(name);
});

const exactEndTitle =
  "exactEnd lets no task start before a large body in memory has left";
if (runtime !== "deno") leaveOut(exactEndTitle, "an option for Deno only");
else {
  test(exactEndTitle, async () => {
    await using exact = await serve("tests/apps/responses.ts", {
      env: { ...SETTINGS, EXACT_END: "yes" },
    });
    for (
      const path of ["/string/100", `/string/${64 * MB}`, `/bytes/${16 * MB}`]
    ) {
      const name = uniqueName();
      const response = await request(exact.port, `${path}?task=${name}&hold`);
      release(name);
      assertEquals(response.body.length, Number(path.split("/")[2]));
      assertEquals(await exact.line(`task ${name}`), `task ${name} 200 sent`);
    }
  });
}

test("responseEnd: every task ran exactly once", async () => {
  const { lines, port } = await app();
  await request(port, "/ping");
  const names = lines.filter((line) => line.startsWith("task ")).map((line) =>
    line.split(" ")[1]
  );
  assertEquals(names.length, new Set(names).size);
  assertEquals(lines.filter((line) => line.endsWith(" held")), []);
  await server?.stop();
});

let count = 0;

function uniqueName(): string {
  return `t${++count}-`;
}

/**
 * Makes a request whose task burns CPU until this client has its whole answer; on workerd, which
 * cannot tell, for so much work.
 */
async function withTask(
  path: string,
  options: RequestOptions | undefined,
  work: number,
): Promise<{ response: CompleteResponse; line: string }> {
  const served = await app();
  const name = uniqueName();
  const query = `?task=${name}${work > 0 ? `&hold=${work}` : ""}`;
  // closed at last: a client that is faster than the server's own end would be one that leaves
  using connection = await connect(served.port);
  const headers = { Connection: "close", ...options?.headers };
  const response = await connection.request(path + query, {
    ...options,
    headers,
  }).complete;
  if (runtime === "workerd" && work > 0) assertEquals(linesOf(name), []);
  release(name);
  return { response, line: await lineOf(name) };
}

function release(name: string): void {
  writeFileSync(`${folder}/${name}`, "");
}

async function lineOf(name: string): Promise<string> {
  const line = await (await app()).line(`task ${name} `);
  assert(!line.endsWith(" held"), `the answer waited for the task: ${line}`);
  return line;
}

function linesOf(name: string): string[] {
  return server?.lines.filter((line) => line.startsWith(`task ${name}`)) ?? [];
}

function assertOutcome(
  line: string,
  outcomes: readonly string[],
  status: number,
): void {
  const [, , seenStatus, outcome] = line.split(" ");
  // Node tells how every response ended, but for a large one that was aborted before Node 24.
  if (runtime === "node" && outcomes[0] !== "aborted") {
    assertEquals(outcome, outcomes[0]);
  }
  assert(
    outcomes.includes(outcome!),
    `${line}: the outcome is one of ${outcomes}`,
  );
  assertEquals(seenStatus, String(status));
}

function assertSame(
  actual: CompleteResponse,
  expected: CompleteResponse,
): void {
  const headers = (response: CompleteResponse): unknown =>
    [...response.headers].filter(([name]) => name !== "date");
  assertEquals([actual.status, headers(actual)], [
    expected.status,
    headers(expected),
  ]);
  assertEquals(actual.body.length, expected.body.length);
  assert(
    actual.body.every((byte, index) => byte === expected.body[index]),
    "other bytes",
  );
}
