import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  connect,
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
import { kinds } from "../apps/response_kinds.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { MB, Stage, uniqueName, withoutServer, withServer } from "./stage.ts";

/** Every body leaves as a stream: an option for Deno only. */
const exactEnd = new Stage(
  "with exactEnd",
  { EXACT_END: "yes" },
  runtime === "deno" ? undefined : "an option for Deno only",
);

const STAGES: readonly Stage[] = [withServer, withoutServer, exactEnd];

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
  ...["/slow/stream/4", "/slow/json", "/slow/upstream/chunked"],
  ...["/upstream", "/body-of", "/tee"].flatMap((whose) =>
    ["plain", "gzip", "chunked"].map((body) => `${whose}/${body}`)
  ),
  "/upstream/odd",
  ...Object.keys(kinds).flatMap((kind) =>
    [100, 300_000].map((size) => `/kind/${kind}/${size}`)
  ),
].map((path): Case => ({ path }));

const UPLOAD = { method: "POST", body: "an upload ".repeat(100_000) };

const WORKERS: readonly Case[] = [
  ...["/fixed/plain", "/identity/plain", "/identity/chunked"],
  ...["/wrong-length/5", "/wrong-length/none", "/byte-stream/16"],
].map((path): Case => ({ path, unless: notOnWorkers }));

const REWRITTEN: Case = {
  path: "/rewritten",
  unless: runtime === "bun" ? undefined : notOnWorkers,
};

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
  ...["/upstream", "/body-of", "/tee"].map((whose) => ({
    path: `${whose}/large`,
  })),
  { path: "/identity/large", unless: notOnWorkers },
  { path: `/kind/gzip-bytes/${16 * MB}`, unless: notOnWorkers },
  { path: "/fixed/large", unless: notOnWorkers },
];

const OTHER: readonly Case[] = [
  {
    path: "/string/1048576",
    options: { headers: { "accept-encoding": "gzip" } },
  },
  { path: "/echo", options: UPLOAD },
  { path: "/echo-clone", options: UPLOAD },
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
  ...CASES.filter(({ path }) => !/throws|breaks|slow|odd/.test(path)).map((
    { path },
  ): Case => ({
    path,
    options: { method: "HEAD" },
  })),
  { path: "/file", options: { method: "HEAD" }, unless: noFiles },
];

/** Whether a task may start before its client has everything: each is in the table of docs/response_end.md. */
function isHole(stage: Stage, { path, large }: Case): boolean {
  if (stage === exactEnd) return false;
  const slow = path === "/slow/json";
  if (runtime === "workerd") return slow;
  if (stage !== withoutServer) return large === true && runtime === "deno";
  // without the server nobody sees a body in memory, and a file on Bun, or what reads a body outside
  const isFile = path === "/file" && runtime === "bun";
  return slow || isFile || large === true || path.startsWith("/outside/etag");
}

/**
 * Whether the last bytes may be read and not yet sent when a task starts, for a client that is slow
 * because its machine is busy: the table says so of what is larger than the kernel takes.
 */
function mayWait(stage: Stage, one: Case): boolean {
  return LARGE.includes(one) &&
    (stage === withoutServer || runtime === "workerd");
}

for (const stage of STAGES) {
  if (stage.unless !== undefined) {
    leaveOut(`responseEnd: every case ${stage.title}`, stage.unless);
    continue;
  }
  for (
    const one of [...CASES, REWRITTEN, ...WORKERS, ...OTHER, ...LARGE]
  ) matrix(stage, one);
  for (const one of LARGE) slowAndLeaving(stage, one);
}

/** The request itself, as Deno's server made it, tells the end. */
const withoutArgument = new Stage(
  "without the argument",
  { SERVER: "dropped" },
  runtime === "deno" ? undefined : "only Deno's request tells its end",
);
const { unless } = withoutArgument;
for (const path of ["/json", "/stream/16", "/upstream/gzip", "/file"]) {
  matrix(withoutArgument, { path, unless });
}

/** What a client gets, and when the task starts, with and without a task. */
function matrix(stage: Stage, one: Case): void {
  const { path, options, unless } = one;
  const method = options?.method ?? "GET";
  const range = options?.headers?.["range"] ?? "";
  const title = `responseEnd: ${method} ${path} ${range}`.trim();
  testUnless(unless, `${title} ${stage.title}`, async () => {
    const plain = await request(await stage.port(), path, options);
    const hold = !isHole(stage, one) && !mayWait(stage, one);
    const { response, line } = await stage.withTask(path, options, hold);
    assertSame(response, plain);
    // Node's fetch() decodes and keeps the length: the client leaves when it has that much
    const outcomes = runtime === "node" && path.includes("/gzip")
      ? ["aborted", "sent", "unknown"]
      : ["sent", "unknown"];
    assertOutcome(stage, line, outcomes, response.status);
  });
}

function slowAndLeaving(stage: Stage, one: Case): void {
  const { path, unless } = one;
  const hole = isHole(stage, one);
  const slow = `responseEnd: a slow reader of ${path} ${stage.title}`;
  testUnless(unless, slow, async () => {
    const name = uniqueName();
    using connection = await connect(await stage.port());
    const response = connection.request(`${path}?task=${name}`);
    await response.head;
    connection.pause();
    await stage.pings(50);
    if (!hole) assertEquals(await stage.linesOf(name), []);
    connection.resume();
    await response.complete;
    await stage.lineOf(name);
  });

  const leaves =
    `responseEnd: a client that leaves in the middle of ${path} ${stage.title}`;
  testUnless(unless, leaves, async () => {
    const name = uniqueName();
    const connection = await connect(await stage.port());
    const response = connection.request(`${path}?task=${name}`);
    await response.head;
    connection.pause();
    await stage.pings(10);
    if (!hole) assertEquals(await stage.linesOf(name), []);
    connection.destroy();
    assertOutcome(
      stage,
      await stage.lineOf(name),
      ["aborted", "unknown"],
      200,
    );
  });
}

test("responseEnd: every task ran exactly once", async () => {
  for (const stage of STAGES) await stage.end();
});

function assertOutcome(
  stage: Stage,
  line: string,
  outcomes: readonly string[],
  status: number,
): void {
  const [, , seenStatus, outcome] = line.split(" ");
  // Node's server tells how every response ended, but for a large one that was aborted before Node 24
  const tells = runtime === "node" && stage === withServer;
  if (tells && outcomes[0] !== "aborted") assertEquals(outcome, outcomes[0]);
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
  assertEquals(Buffer.compare(actual.body, expected.body), 0, "other bytes");
}
