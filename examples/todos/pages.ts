import {
  type BackgroundTasksEnv,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import type { CreateActivity } from "./app.ts";
import { renderPage } from "./page.ts";
import type { TodoStore } from "./store.ts";
import { checkNewTodo, type Problem, ValidationError } from "./validate.ts";

/** The page, and what its forms do: no script, each answer is a page. */
export function createPages(
  todos: TodoStore,
  createActivity: CreateActivity,
): Hono<BackgroundTasksEnv> {
  const pages = new Hono<BackgroundTasksEnv>();

  async function page(problems: readonly Problem[] = []) {
    const [list, activities] = await Promise.all([
      todos.list(),
      todos.latestActivities(8),
    ]);
    return await renderPage({ todos: list, activities, problems });
  }

  pages.get("/", async (c) => c.html(await page()));

  pages.use("/page/*", csrf()); // a form of another site is refused

  pages.post("/page/add", async (c) => {
    try {
      const { id, task } = await todos.insert(
        checkNewTodo(await c.req.parseBody()),
      );
      getBackgroundTasks(c).addTask(
        createActivity,
        id,
        "create",
        `Todo created: ${task}`,
      );
      return c.redirect("/", 303);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      return c.html(await page(error.problems), 422);
    }
  });

  pages.post("/page/:id/toggle", async (c) => {
    const id = c.req.param("id");
    const todo = await todos.get(id);
    if (todo === undefined) return c.notFound();
    await todos.update(id, { completed: !todo.completed });
    getBackgroundTasks(c).addTask(
      createActivity,
      id,
      "update",
      `Todo ${todo.completed ? "reopened" : "done"}: ${todo.task}`,
    );
    return c.redirect("/", 303);
  });

  pages.post("/page/:id/delete", async (c) => {
    await todos.delete(c.req.param("id"));
    return c.redirect("/", 303);
  });

  return pages;
}
