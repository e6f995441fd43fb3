// PORT=8000 node examples/frameworks/koa/app.ts
import {
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import Koa from "koa";
import { Readable } from "node:stream";
import { addEmail, port, upstream, words } from "../work.ts";

const app = new Koa();
const door = backgroundTasks();
app.use((ctx, next) => door(ctx.req, ctx.res, next));

app.use(async (ctx) => {
  const page = ctx.path.slice(1);
  addEmail(getBackgroundTasks(ctx.req), page);
  if (page === "fail") throw new Error("the middleware failed");
  if (page === "slow") await upstream("held");
  ctx.body = { page };
  if (page === "stream") ctx.body = Readable.from(words());
  if (page === "proxy") ctx.body = await upstream("words");
});

drainOnShutdown({ server: app.listen(port) });
