// PORT=8000 node examples/frameworks/express/app.ts          (or: deno run -A, bun)
import {
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import express, { type ErrorRequestHandler } from "express";
import { Readable } from "node:stream";
import { addEmail, port, upstream, words } from "../work.ts";

const app = express();
app.use(backgroundTasks());

app.get("/:page", async (req, res) => {
  const { page } = req.params;
  addEmail(getBackgroundTasks(req), page);
  if (page === "fail") throw new Error("the route failed");
  if (page === "stream") return void Readable.from(words()).pipe(res);
  if (page === "proxy") {
    const { body } = await upstream("words");
    return void Readable.from(body ?? []).pipe(res);
  }
  if (page === "slow") await upstream("held");
  res.json({ page });
});

const fail: ErrorRequestHandler = (error, req, _res, next) => {
  getBackgroundTasks(req).fail(error);
  next(error);
};
app.use(fail);

drainOnShutdown({ server: app.listen(port) });
