import {
  backgroundTasks,
  type BackgroundTasksEnv,
  type DefinedTask,
  defineTask,
} from "@postlude/background-tasks";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Database } from "./database.ts";
import { createPages } from "./pages.ts";
import { TodoStore } from "./store.ts";
import type { Activity } from "./todo.ts";
import { checkChanges, checkNewTodo, ValidationError } from "./validate.ts";

/** The background task of this service: it writes down what happened to a todo. */
export type CreateActivity = DefinedTask<
  [todoId: string, action: Activity["action"], details: string]
>;

/** The service: a JSON API, and a page. */
export function createApp(database: Database): Hono<BackgroundTasksEnv> {
  const todos = new TodoStore(database);

  const createActivity: CreateActivity = defineTask(
    "create-activity",
    { timeout: 5_000, retry: { attempts: 3, delay: 100 } },
    async ({ id }, todoId, action, details) => {
      if (await todos.get(todoId) === undefined) return; // deleted since: nothing to write
      const timestamp = new Date().toISOString();
      // the id of the task is the same for each attempt: what is written once is not written again
      await todos.addActivity({ id, todoId, action, details, timestamp });
    },
  );

  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());

  app.post("/todos", async (c) => {
    const todo = await todos.insert(checkNewTodo(await readJson(c)));
    c.var.backgroundTasks.addTask(
      createActivity,
      todo.id,
      "create",
      `Todo created: ${todo.task}`,
    );
    return c.json(todo, 201, { location: `/todos/${todo.id}` });
  });

  app.get("/todos", async (c) => c.json(await todos.list()));

  app.get("/todos/:id", async (c) => {
    const todo = await todos.get(c.req.param("id"));
    return todo === undefined ? c.notFound() : c.json(todo);
  });

  app.patch("/todos/:id", async (c) => {
    const changes = checkChanges(await readJson(c));
    const todo = await todos.update(c.req.param("id"), changes);
    if (todo === undefined) return c.notFound();
    c.var.backgroundTasks.addTask(
      createActivity,
      todo.id,
      "update",
      `Todo updated: ${Object.keys(changes).join(", ")}`,
    );
    return c.json(todo);
  });

  app.delete("/todos/:id", async (c) => {
    const wasThere = await todos.delete(c.req.param("id"));
    return wasThere ? c.body(null, 204) : c.notFound();
  });

  app.get("/todos/:id/activities", async (c) => {
    const id = c.req.param("id");
    if (await todos.get(id) === undefined) return c.notFound();
    return c.json(await todos.activitiesOf(id));
  });

  app.route("/", createPages(todos, createActivity));

  app.notFound((c) => c.json({ error: `Nothing is at ${c.req.path}` }, 404));
  app.onError((error, c) => {
    if (error instanceof ValidationError) {
      return c.json({ errors: error.problems }, 422);
    }
    if (error instanceof HTTPException) return error.getResponse();
    console.error(error);
    return c.json({ error: "Something went wrong here" }, 500);
  });
  return app;
}

/** The body of a request, as JSON. */
async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new ValidationError([{ field: "body", reason: "must be JSON" }]);
  }
}
