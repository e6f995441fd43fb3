/** The app of websocket.ts, with the sockets of `@hono/node-server`. */
import { upgradeWebSocket } from "@hono/node-server";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { WebSocketServer } from "ws";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/ws", (c, next) => {
  c.var.backgroundTasks.addTask(() => console.log("task"));
  return upgradeWebSocket(() => ({
    onOpen: (_event, socket) => socket.send("hello"),
  }))(c, next);
});
app.get("/ping", (c) => c.text("pong"));

const websocket = { server: new WebSocketServer({ noServer: true }) };

export default { fetch: app.fetch, websocket };
