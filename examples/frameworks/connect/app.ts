// PORT=8000 node examples/frameworks/connect/app.ts          (or: deno run -A, bun)
import {
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import connect from "connect";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { addEmail, port, upstream, words } from "../work.ts";

const app = connect();
app.use(backgroundTasks({ failureStatus: 500 }));

app.use((req, res, next) => {
  const page = req.url?.slice(1) ?? "";
  addEmail(getBackgroundTasks(req), page);
  send(page, res).catch(next); // Connect waits for no promise
});

async function send(page: string, res: NodeJS.WritableStream): Promise<void> {
  if (page === "fail") throw new Error("the handler failed");
  if (page === "slow") await upstream("held");
  if (page === "stream") Readable.from(words()).pipe(res);
  else if (page === "proxy") {
    const { body } = await upstream("words");
    Readable.from(body ?? []).pipe(res);
  } else res.end(page);
}

drainOnShutdown({ server: createServer(app).listen(port) });
