import { getBackgroundTasks } from "@postlude/background-tasks";
import { createError, defineEventHandler, getRouterParam } from "h3";
import { addEmail, upstream, words } from "../../work.ts";
import { Readable } from "node:stream";

export default defineEventHandler(async (event) => {
  const page = getRouterParam(event, "page") ?? "";
  addEmail(getBackgroundTasks(event.node.req), page);
  if (page === "fail") throw createError("the route failed");
  if (page === "stream") return Readable.from(words());
  if (page === "proxy") return await upstream("words");
  if (page === "slow") await upstream("held");
  return { page };
});
