/** The recipe of Fastify in `docs/frameworks.md`, and a plugin that closes what the tasks use. */
import {
  drain,
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import fastify from "fastify";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { LISTENING } from "../../harness/servers/app.ts";

const app = fastify();
const door = backgroundTasks();
app.addHook("onRequest", (req, reply, done) => door(req.raw, reply.raw, done));

let database = "open";
app.addHook("onClose", async () => {
  database = await Promise.resolve("closed");
});

app.get("/", (req) => {
  getBackgroundTasks(req.raw).addTask(async () => {
    await once(app.server, "close");
    await new Promise((resolve) => setTimeout(resolve, 100)); // other hooks are called meanwhile
    console.log(`the database is ${database}`);
  });
  return "ok";
});

app.register((last, _options, done) => { // closes before what was registered above
  last.addHook("onClose", async () => void await drain());
  done();
});

await app.listen({ port: 0, host: "127.0.0.1" });
drainOnShutdown({ server: [app.server, () => app.close()] });
console.log(LISTENING + (app.server.address() as AddressInfo).port);
