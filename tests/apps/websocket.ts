/** A WebSocket that greets, opened by a request with a background task; Node has an app of its own. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { type Context, Hono } from "hono";

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
app.get("/ping", (c) => c.text("pong"));

function upgrade(c: Context): Response {
  if ("Deno" in globalThis) {
    const { socket, response } = Deno.upgradeWebSocket(c.req.raw);
    socket.onopen = () => socket.send("hello");
    return response;
  }
  if ("Bun" in globalThis) {
    (c.env as Platforms).upgrade(c.req.raw, { data: {} });
    return new Response(null);
  }
  const { WebSocketPair } = globalThis as unknown as Platforms;
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send("hello");
  return new Response(null, { status: 101, webSocket: client } as never);
}

/** What `Bun.serve` wants to know of its sockets. */
const websocket = {
  open: (socket: WebSocket) => void socket.send("hello"),
  message: () => {},
};

export default { fetch: app.fetch, websocket };
