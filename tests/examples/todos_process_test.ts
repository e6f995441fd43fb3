import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Activity, Todo } from "../../examples/todos/todo.ts";
import { bundle } from "../../tools/bundle.ts";
import { bundlesFolder } from "../harness/bundles_folder.ts";
import { bundleOnce } from "../harness/bundle_once.ts";
import { root } from "../../tools/project.ts";
import { startWorkerd } from "../../tools/workerd.ts";
import { request } from "../harness/http_client.ts";
import type { CompleteResponse } from "../harness/http_response.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { NEWEST_NODE, WRANGLER } from "../harness/npx.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { heavy, leaveOut, noSignals, testUnless } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

const folder = mkdtempSync(`${tmpdir()}/postlude-todos-`);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const hasSqlite = runtime !== "node" ||
  process.getBuiltinModule("node:sqlite") !== undefined;
/** Node 20 has no SQLite: there, the service runs on a newer one, which npm has to fetch. */
const noSqlite = hasSqlite ? undefined : heavy;
const node = hasSqlite || noSqlite !== undefined
  ? process.execPath
  : execFileSync("npx", ["-y", NEWEST_NODE, "-p", "process.execPath"], {
    encoding: "utf8",
  }).trim();

if (runtime === "workerd" && heavy === undefined) { // not in the test, which has a time limit
  execFileSync("npx", [...WRANGLER, "--version"], { stdio: "ignore" });
}

/** The service, in a process of its own. */
interface Service extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** The process; none on workerd. */
  readonly process?: RunningProcess;
}

/** Starts the service by the command in its first line, on Node by what is made of it. */
async function start(database = `${folder}/${++count}.db`): Promise<Service> {
  if (runtime === "workerd") return await startWorker();
  const port = await freePort();
  const env = { PORT: String(port), TODOS_DB: database };
  const service = new RunningProcess(await command(env.PORT), env);
  await untilOpen(port);
  return {
    port,
    process: service,
    [Symbol.asyncDispose]: async () => void await service.stop(),
  };
}

async function command(port: string): Promise<string[]> {
  const server = "examples/todos/server.ts";
  if (runtime === "bun") return [process.execPath, server];
  if (runtime === "node") return [node, await bundled("node")];
  const options = ["-A", "--quiet", "--host", "127.0.0.1", "--port", port];
  return [process.execPath, "serve", ...options, server];
}

async function startWorker(): Promise<Service> {
  const workerd = await startWorkerd(await bundled("worker"), {
    d1: ["DB"],
    env: {},
    onOutput: (...streams) => streams.forEach((stream) => stream.resume()),
  });
  return {
    port: Number(workerd.url.port),
    [Symbol.asyncDispose]: () => workerd[Symbol.asyncDispose](),
  };
}

/** An entry of the service, as JavaScript. */
async function bundled(entry: "node" | "worker"): Promise<string> {
  const path = fileURLToPath(new URL(`examples/todos/${entry}.ts`, root));
  return await bundleOnce(path, entry === "node" ? "node" : "workerd");
}

function send(
  { port }: Service,
  method: string,
  path: string,
  body?: unknown,
): Promise<CompleteResponse> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return request(port, path, { method, ...(text && { body: text }) });
}

async function create(service: Service, task: string): Promise<Todo> {
  const response = await send(service, "POST", "/todos", { task });
  assertEquals(response.status, 201);
  const todo: Todo = JSON.parse(response.text);
  assertEquals(response.headers.get("location"), `/todos/${todo.id}`);
  return todo;
}

/** The activities of a todo, once there are as many: they are written after the response. */
async function activitiesOf(
  service: Service,
  { id }: Todo,
  count: number,
): Promise<string[]> {
  let activities: Activity[] = [];
  while (activities.length < count) {
    const { text } = await send(service, "GET", `/todos/${id}/activities`);
    activities = JSON.parse(text);
  }
  return activities.map(({ details }) => details).sort();
}

testUnless(
  noSqlite,
  "examples/todos creates, lists, gets, updates and deletes; activities follow",
  async () => {
    await using service = await start();
    const todo = await create(service, "Write");
    const list = await send(service, "GET", "/todos");
    assertEquals([list.status, JSON.parse(list.text)], [200, [todo]]);
    const path = `/todos/${todo.id}`;
    const changes = { completed: true, rate: 5, time: "2026-11-22T19:00:00Z" };
    const updated = await send(service, "PATCH", path, changes);
    const expected = { ...todo, ...changes, time: "2026-11-22T19:00:00.000Z" };
    assertEquals([updated.status, JSON.parse(updated.text)], [200, expected]);
    assertEquals(JSON.parse((await send(service, "GET", path)).text), expected);
    assertEquals(await activitiesOf(service, todo, 2), [
      "Todo created: Write",
      "Todo updated: completed, rate, time",
    ]);
    assertEquals((await send(service, "DELETE", path)).status, 204);
    assertEquals((await send(service, "GET", "/todos")).text, "[]");
    assertEquals((await send(service, "GET", path)).status, 404);
  },
);

testUnless(
  noSqlite,
  "examples/todos answers 422 with reasons, and 404 for an unknown id",
  async () => {
    await using service = await start();
    const { id } = await create(service, "Write");
    for (const body of ["{", "[]", '{"task":1}', '{"task":"a","rate":0.5}']) {
      const { status, text } = await send(service, "POST", "/todos", body);
      assertEquals(status, 422);
      assertEquals(JSON.parse(text).errors.length, 1, text);
    }
    const change = await send(service, "PATCH", `/todos/${id}`, { task: "" });
    assertEquals([change.status, JSON.parse(change.text)], [422, {
      errors: [{
        field: "task",
        reason: "must be a text of 1 to 200 characters",
      }],
    }]);
    for (
      const [method, path, body] of [
        ["GET", "/todos/1"],
        ["PATCH", "/todos/1", {}],
        ["DELETE", "/todos/1"],
        ["GET", "/todos/1/activities"],
      ] as const
    ) {
      assertEquals((await send(service, method, path, body)).status, 404, path);
    }
  },
);

testUnless(
  noSqlite,
  "examples/todos has a page whose forms work without a script",
  async () => {
    await using service = await start();
    const { port } = service;
    const form = (path: string, body: string, origin = `http://127.0.0.1`) =>
      request(port, path, {
        body,
        headers: {
          "Content-Type": "application/x-www-form-urlencoded",
          Origin: origin,
        },
        method: "POST",
      });
    const added = await form("/page/add", "task=%3Cb%3EWrite&priority=high");
    assertEquals([added.status, added.headers.get("location")], [303, "/"]);
    const [todo]: Todo[] = JSON.parse(
      (await send(service, "GET", "/todos")).text,
    );
    assert(todo !== undefined);
    await activitiesOf(service, todo, 1);
    const page = await request(port, "/");
    assertEquals(page.headers.get("content-type"), "text/html; charset=UTF-8");
    assert(page.text.includes('<span class="task">&lt;b&gt;Write</span>'));
    assert(page.text.includes("Todo created: &lt;b&gt;Write"));
    assert(!page.text.includes("<b>"));

    assertEquals((await form(`/page/${todo.id}/toggle`, "")).status, 303);
    assert((await request(port, "/")).text.includes("Nothing left to do"));
    const refused = await form("/page/add", "task=+");
    assertEquals(refused.status, 422);
    assert(refused.text.includes("task must be a text of 1 to 200 characters"));
    const foreign = await form("/page/add", "task=a", "https://example.com");
    assertEquals(foreign.status, 403);
    assertEquals((await form("/page/1/toggle", "")).status, 404);
    assertEquals((await form(`/page/${todo.id}/delete`, "")).status, 303);
    assert((await request(port, "/")).text.includes("No todos yet"));
  },
);

testUnless(
  noSqlite,
  "examples/todos shows its tasks on this machine, and nowhere on Workers",
  async () => {
    await using service = await start();
    await activitiesOf(service, await create(service, "Write"), 1);
    const { status, text } = await send(service, "GET", "/_tasks");
    if (runtime === "workerd") return assertEquals(status, 404);
    assertEquals(status, 200);
    assert(text.includes("create-activity"));
  },
);

testUnless(
  noSignals ?? noSqlite,
  "examples/todos loses no activity of an answered request when it is told to end",
  async () => {
    const database = `${folder}/${++count}.db`;
    const todos: Todo[] = [];
    {
      await using service = await start(database);
      for (let i = 0; i < 20; i++) todos.push(await create(service, `${i}`));
      await service.process?.stop();
    }
    await using service = await start(database);
    for (const todo of todos) {
      const { text } = await send(
        service,
        "GET",
        `/todos/${todo.id}/activities`,
      );
      assertEquals(JSON.parse(text).length, 1);
    }
  },
);

if (runtime !== "workerd") {
  leaveOut("examples/todos can be deployed", "only to Workers");
} else {
  testUnless(heavy, "examples/todos can be deployed", async () => {
    const config = "examples/todos/wrangler.jsonc";
    const out = `${folder}/worker`;
    const deploy = ["deploy", "--dry-run", "-c", config, "--outdir", out];
    const args = ["npx", ...WRANGLER, ...deploy];
    await using wrangler = new RunningProcess(args, {
      WRANGLER_SEND_METRICS: "false",
    });
    const { code } = await wrangler.exited;
    assertEquals(code, 0, wrangler.stderr);
    const text = wrangler.lines.join("\n");
    assertMatch(text, /env\.DB \(todos\) +D1 Database/);
    assertMatch(text, /--dry-run: exiting now/);
  });
}

if (node !== process.execPath) {
  test(`tests/examples/todos_test.ts passes on a Node that has SQLite`, async () => {
    const name = `todos_unit_${process.pid}`;
    const path = new URL("tests/examples/todos_test.ts", root);
    const files = { [name]: fileURLToPath(path) };
    await bundle({ files, folder: bundlesFolder(), target: "node" });
    const args = ["--test-reporter=tap", `${bundlesFolder()}/${name}.mjs`];
    await using tests = new RunningProcess([node, ...args], {
      NODE_TEST_CONTEXT: "", // else it takes itself for a part of this run
    });
    assertEquals(await tests.exited, { code: 0, signal: null }, tests.stderr);
    assert(tests.lines.includes("# pass 6"), tests.lines.join("\n"));
  });
}
