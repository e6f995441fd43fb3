/** A WebSocket that greets, opened by a request with a background task; Node has an app of its own. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";

/** The members of Bun and of workerd that this file touches. */
interface Platforms {
  readonly WebSocketPair: new () => {
    readonly 0: WebSocket;
    readonly 1: WebSocket & { accept(): void };
  };
  readonly upgrade: (request: Request, options: { data: unknown }) => boolean;
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/ws", (c) => {
  c.var.backgroundTasks.addTask(() => console.log("task"));
  return upgrade(c);
});
app.get("/messages", (c) => {
  const { backgroundTasks } = c.var;
  const save = (text: string): void => console.log(`saved ${text}`);
  return upgrade(c, (text) => void backgroundTasks.addTask(save, text));
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

function upgrade(
  c: Context,
  onMessage: (text: string) => void = () => {},
): Response {
  if ("Deno" in globalThis) {
    const { socket, response } = Deno.upgradeWebSocket(c.req.raw);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => onMessage(data);
    return response;
  }
  if ("Bun" in globalThis) {
    (c.env as Platforms).upgrade(c.req.raw, { data: { onMessage } });
    return new Response(null);
  }
  const { WebSocketPair } = globalThis as unknown as Platforms;
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => onMessage(String(data)));
  server.send("hello");
  return new Response(null, { status: 101, webSocket: client } as never);
}

/** What `Bun.serve` wants to know of its sockets. */
const websocket = {
  open: (socket: WebSocket) => void socket.send("hello"),
  message: (
    socket: { readonly data: { onMessage(text: string): void } },
    text: string,
  ) => socket.data.onMessage(text),
};

export default { fetch: app.fetch, websocket };
