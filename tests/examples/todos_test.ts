import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import {
  assertNoTasksAdded,
  assertTaskAdded,
  TestClient,
  type TestClientOptions,
} from "@postlude/background-tasks/testing";
import { createApp } from "../../examples/todos/app.ts";
import { type D1, d1Database } from "../../examples/todos/d1.ts";
import { createTables, type Database } from "../../examples/todos/database.ts";
import { openSqlite } from "../../examples/todos/sqlite.ts";
import type { Activity, Todo } from "../../examples/todos/todo.ts";
import { leaveOut } from "../harness/left_out.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

/** Node 20 has no SQLite: there, tests/examples/todos_process_test.ts runs this file with a newer one. */
const hasDatabase = host !== "node" ||
  process.getBuiltinModule("node:sqlite") !== undefined;

/** An empty database: SQLite in memory, D1 on Workers. */
async function emptyDatabase(): Promise<Database> {
  if (host !== "workerd") return await openSqlite(":memory:");
  const specifier = "cloudflare:workers"; // not a literal: the other runtimes would try to load it
  const { env } = await import(specifier) as { env: { DB: D1 } };
  const database = d1Database(env.DB);
  await createTables(database);
  await database.query("DELETE FROM todos");
  return database;
}

async function clientOf(
  options?: TestClientOptions,
  database?: Database,
): Promise<TestClient> {
  return new TestClient(
    createApp(database ?? await emptyDatabase()),
    options,
  );
}

async function create(client: TestClient, task = "Write"): Promise<Todo> {
  const response = await client.post("/todos", { json: { task } });
  assertEquals(response.status, 201);
  return await response.json();
}

async function activitiesOf(
  client: TestClient,
  { id }: Todo,
): Promise<string[]> {
  const response = await client.get(`/todos/${id}/activities`);
  const activities: Activity[] = await response.json();
  return activities.map(({ action, details }) => `${action}: ${details}`);
}

if (!hasDatabase) {
  leaveOut(
    "examples/todos in process, every case",
    "this Node has no SQLite: tests/examples/todos_process_test.ts runs them on a newer one",
  );
} else {
  test("POST /todos saves the todo, and its task writes an activity", async () => {
    const client = await clientOf();
    const todo = await create(client);
    assertEquals(
      [todo.task, todo.completed, todo.priority, todo.rate],
      ["Write", false, "medium", 0],
    );
    assertEquals(new Date(todo.time).toISOString(), todo.time);
    const details = "Todo created: Write";
    assertTaskAdded(client, "create-activity", [todo.id, "create", details]);
    assertEquals(await activitiesOf(client, todo), [`create: ${details}`]);
    assertEquals(await (await client.get(`/todos/${todo.id}`)).json(), todo);
  });

  test("POST /todos answers 422 with every reason, and adds no task", async () => {
    const client = await clientOf();
    const refused = {
      task: " ",
      completed: 1,
      time: "soon",
      priority: "",
      rate: 6,
    };
    const response = await client.post("/todos", {
      json: { ...refused, owner: 1 },
    });
    assertEquals(response.status, 422);
    const { errors } = await response.json();
    assertEquals(
      errors.map(({ field }: { field: string }) => field),
      ["owner", ...Object.keys(refused)],
    );
    assertEquals(errors.at(-1).reason, "must be an integer from 0 to 5");
    assertNoTasksAdded(client);
  });

  test("createActivity writes nothing when the todo is gone", async () => {
    const client = await clientOf({ tasks: "manual" });
    const gone = await create(client, "Gone");
    const kept = await create(client, "Kept");
    await client.delete(`/todos/${gone.id}`);
    const ran = await client.tasks.runAll();
    assertEquals(ran.map(({ status }) => status), ["succeeded", "succeeded"]);
    const page = await (await client.get("/")).text();
    assert(!page.includes("Todo created: Gone"));
    assert(page.includes("Todo created: Kept"));
    assertEquals((await activitiesOf(client, kept)).length, 1);
  });

  test("createActivity loads the todo when it runs, so what it writes survives a change in between", async () => {
    const client = await clientOf({ tasks: "manual" });
    const todo = await create(client);
    await client.patch(`/todos/${todo.id}`, { json: { completed: true } });
    assertEquals(await activitiesOf(client, todo), []);
    await client.tasks.runAll();
    assertEquals((await activitiesOf(client, todo)).sort(), [
      "create: Todo created: Write",
      "update: Todo updated: completed",
    ]);
  });

  test("createActivity writes one activity, however often it is tried", async () => {
    const database = await emptyDatabase();
    let failures = 2;
    const client = await clientOf({}, {
      async query<Row>(sql: string, ...values: (string | number | null)[]) {
        const rows = await database.query<Row>(sql, ...values);
        const isActivity = sql.includes("INTO activities");
        if (isActivity && failures-- > 0) throw new Error("connection lost"); // after it was written
        return rows;
      },
    });
    const todo = await create(client);
    assertTaskAdded(
      client,
      "create-activity",
      ({ attempts }) => attempts === 3,
    );
    assertEquals((await activitiesOf(client, todo)).length, 1);
  });

  test("a todo is saved and answered when its activity cannot be written", async () => {
    const database = await emptyDatabase();
    const client = await clientOf({ raiseTaskErrors: false }, {
      query<Row>(sql: string, ...values: (string | number | null)[]) {
        if (sql.includes("INTO activities")) throw new Error("disk full");
        return database.query<Row>(sql, ...values);
      },
    });
    const todo = await create(client);
    assertEquals(client.tasks.failed.map(({ name }) => name), [
      "create-activity",
    ]);
    assertEquals(await (await client.get("/todos")).json(), [todo]);
  });
}
