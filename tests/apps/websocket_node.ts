/** The app of websocket.ts, with the sockets of `@hono/node-server`. */
import { upgradeWebSocket } from "@hono/node-server";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { WebSocketServer } from "ws";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/ws", (c, next) => {
  c.var.backgroundTasks.addTask(() => console.log("task"));
  return upgradeWebSocket(() => ({
    onOpen: (_event, socket) => socket.send("hello"),
  }))(c, next);
});
app.get("/messages", (c, next) => {
  const { backgroundTasks } = c.var;
  const save = (text: string): void => console.log(`saved ${text}`);
  return upgradeWebSocket(() => ({
    onOpen: (_event, socket) => socket.send("hello"),
    onMessage: ({ data }) => void backgroundTasks.addTask(save, String(data)),
  }))(c, next);
});
app.get("/chat", (c) => {
  const tasks = c.var.backgroundTasks;
  tasks.addTask(() => console.log("request counted"));
  return streamSSE(c, async (stream) => {
    while (!stream.aborted) { // an answer, word by word
      await stream.writeSSE({ data: "word" });
      await stream.sleep(5);
    }
    await stream.sleep(20); // long after the end of the response
    tasks.addTask(() => console.log("answer saved"));
  });
});
app.get("/ping", (c) => c.text("pong"));

const websocket = { server: new WebSocketServer({ noServer: true }) };

export default { fetch: app.fetch, websocket };
