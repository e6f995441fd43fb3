/**
 * What the servers of this folder answer. Tasks append to the file of the variable `LOG`, and wait
 * for files in the folder `RELEASES`.
 */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
} from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import { Hono } from "hono";
import { processWork } from "../../../src/runner/process_work.ts";
import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import process from "node:process";

/** Node closes an idle connection after this long: after any timeout of a test. */
export const KEPT = { keepAliveTimeout: 600_000 };

let log: Promise<FileHandle> | undefined;

/** Writes a line to the disk itself, not to a buffer. */
async function append(line: string): Promise<void> {
  const file = await (log ??= open(process.env["LOG"] ?? "", "a"));
  await file.write(`${line}\n`);
  await file.sync();
}

/** Resolves once the test has written the file. */
export async function released(name: string): Promise<void> {
  while (!existsSync(`${process.env["RELEASES"]}/${name}`)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const stuck = defineTask("stuck", () => new Promise<void>(() => {}));
const next = defineTask("next", () => {});

/** The app. */
export const app: Hono<BackgroundTasksEnv> = new Hono<BackgroundTasksEnv>();
if (process.env["DEVTOOLS"] !== undefined) {
  const now = Date.now();
  Date.now = () => now; // a stream of the page never ends by itself
  app.route("/_tasks", devtools({ allow: () => true }));
}
app.get("/raw/:name", async (c) => { // no front door knows of it
  console.log(`${c.req.param("name")} starts`);
  await released(c.req.param("name"));
  return c.text("raw");
});
app.use(backgroundTasks());

app.get("/ping", (c) => c.text("pong"));

/** Whether the signal has been heard. */
app.get("/ending", (c) => c.text(String(processWork.isEnding)));

app.post("/work/:id", (c) => {
  const id = c.req.param("id");
  for (const part of ["a", "b", "c"]) {
    c.var.backgroundTasks.addTask(append, `${id} ${part}`);
  }
  return c.text("accepted");
});

app.get("/stuck", (c) => {
  c.var.backgroundTasks.addTask(stuck);
  c.var.backgroundTasks.addTask(next);
  c.var.backgroundTasks.addTask(next);
  return c.text("accepted");
});

app.get("/chain/:name", (c) => {
  const name = c.req.param("name");
  c.var.backgroundTasks.addTask(async () => {
    console.log(`${name} starts`);
    await released(name);
    c.var.backgroundTasks.addTask(append, `${name} added during the drain`);
  });
  return c.text("accepted");
});

app.get("/slow/:name", async (c) => {
  const name = c.req.param("name");
  console.log(`${name} starts`);
  await released(name);
  c.var.backgroundTasks.addTask(append, `${name} after a slow answer`);
  return c.text("accepted");
});

app.get("/large/:name", (c) => {
  const name = c.req.param("name");
  c.var.backgroundTasks.addTask(append, `${name} after a large answer`);
  return c.body(new Uint8Array(32 * 1024 * 1024));
});

app.get("/late/:name", async (c) => {
  const name = c.req.param("name");
  console.log(`${name} starts`);
  await released(name);
  return c.body(new Uint8Array(32 * 1024 * 1024));
});

app.post("/upload/:name", async (c) => {
  const name = c.req.param("name");
  console.log(`${name} starts`);
  const { length } = await c.req.text();
  c.var.backgroundTasks.addTask(append, `${name} of ${length} bytes`);
  return c.text("accepted");
});

/** Ends the process, without a signal. */
app.get("/ends/:how", (c) => {
  setTimeout(() => {
    if (c.req.param("how") === "exits") process.exit(3);
    throw new Error("elsewhere");
  });
  return c.text("ends");
});

app.get("/hangs", () => {
  console.log("hangs");
  return new Promise(() => {});
});
