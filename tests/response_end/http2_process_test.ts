import { serve } from "@hono/node-server";
import {
  type BackgroundTasks,
  defineTask,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

/** What a task learns of a response over HTTP/2, which the client may cut off. */
async function outcomeOf(body: BodyInit, cut: boolean): Promise<string> {
  let told!: (outcome: string) => void;
  const outcome = new Promise<string>((resolve) => told = resolve);
  const tell = defineTask("tell", ({ response }) => told(response.outcome));
  const handler = (_: Request, tasks: BackgroundTasks): Response => {
    tasks.addTask(tell);
    return new Response(body);
  };
  // the adapter's types know a server of HTTP/1 alone
  const server = serve({
    fetch: withBackgroundTasks<unknown[]>(handler),
    createServer: createServer as never,
    hostname: "127.0.0.1",
    port: 0,
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = client.request({ ":path": "/" });
    stream.on("error", () => {});
    if (cut) stream.once("data", () => stream.close(8));
    else stream.resume();
    return await outcome;
  } finally {
    client.destroy();
    server.close();
  }
}

/** A stream of one chunk, which then ends, fails, or lasts. */
function stream(
  end: (controller: ReadableStreamDefaultController) => void,
): ReadableStream {
  let pulled = false;
  return new ReadableStream({
    pull(controller): void {
      if (pulled) end(controller);
      else controller.enqueue(new TextEncoder().encode("a chunk"));
      pulled = true;
    },
  });
}

if (runtime !== "node") {
  leaveOut("node over HTTP/2, every case", "a server of Node's");
} else {
  test("node over HTTP/2 tells of a body that failed and of a client that left, and of nothing else", async () => {
    const failing = stream((controller) =>
      controller.error(new Error("broke"))
    );
    assertEquals(await outcomeOf(failing, false), "errored");
    assertEquals(await outcomeOf(stream(() => {}), true), "aborted");
    const ending = stream((controller) => controller.close());
    assertEquals(await outcomeOf(ending, false), "unknown");
    assertEquals(await outcomeOf("in memory", false), "unknown");
  });
}
