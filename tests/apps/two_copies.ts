/** Has two copies of the package, the other one in the file of the variable `COPY`: what each says. */
import * as own from "@postlude/background-tasks";
import { Hono } from "hono";
import process from "node:process";
import { pathToFileURL } from "node:url";

const other: typeof own = await import(
  pathToFileURL(process.env["COPY"] ?? "").href
);

async function sentence(body: () => unknown): Promise<string> {
  try {
    await body();
    return "no error";
  } catch (error) {
    return String(error);
  }
}

const names: string[] = [];
const queues: unknown[] = [];
const note = (name: string) => () => void names.push(name);
const runner = new other.TaskRunner({ observers: [{ onEnd() {} }] });

/** An app with a door of its own, inside one of the other copy. */
async function nested(
  outer: typeof own,
  inner: typeof own,
): Promise<void> {
  const app = new Hono<own.BackgroundTasksEnv>();
  app.use(inner.backgroundTasks({ runner }));
  app.get("/", (c) => {
    queues.push(c.var.backgroundTasks);
    c.var.backgroundTasks.addTask(note("inner"));
    return c.text("ok");
  });
  app.get("/throws", (c) => {
    c.var.backgroundTasks.addTask(note("never"));
    throw new Error("handler failed");
  });
  app.onError((_, c) => c.text("sorry", 500));
  for (const path of ["", "throws"]) {
    const fetch = outer.withBackgroundTasks((request, tasks) => {
      queues.push(tasks);
      tasks.with({ runOn: "always" }).addTask(note(`outer ${path}`));
      return app.fetch(request);
    }, { runner });
    await fetch(new Request(`https://example.com/${path}`));
    await runner.drain();
  }
}

for (const [outer, inner] of [[own, other], [other, own]] as const) {
  await nested(outer, inner);
  const [theirs, ours] = queues.splice(0);
  console.log(theirs === ours, names.splice(0).join(", "));
}

const app = {
  fetch(request: Request): Response {
    return new Response(String(own.getBackgroundTasks(request)));
  },
};
console.log(
  await sentence(() =>
    other.withBackgroundTasks(app)(new Request("https://example.com/"))
  ),
);
console.log(await sentence(() => own.backgroundTasks({ runner })));
