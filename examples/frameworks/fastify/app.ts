// PORT=8000 node examples/frameworks/fastify/app.ts
import {
  drain,
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import fastify from "fastify";
import { Readable } from "node:stream";
import { addEmail, port, upstream, words } from "../work.ts";

const app = fastify();
const door = backgroundTasks();
app.addHook("onRequest", (req, reply, done) => door(req.raw, reply.raw, done));
app.addHook("onError", (req, _reply, error, done) => {
  getBackgroundTasks(req.raw).fail(error);
  done();
});

app.get<{ Params: { page: string } }>("/:page", async (req, reply) => {
  const { page } = req.params;
  addEmail(getBackgroundTasks(req.raw), page);
  if (page === "fail") throw new Error("the route failed");
  if (page === "stream") return reply.send(Readable.from(words()));
  if (page === "proxy") return reply.send(await upstream("words"));
  if (page === "slow") await upstream("held");
  return { page };
});

app.register((last, _options, done) => { // closes before what was registered above
  last.addHook("onClose", async () => void await drain());
  done();
});

await app.listen({ port });
drainOnShutdown({ server: [app.server, () => app.close()] });
