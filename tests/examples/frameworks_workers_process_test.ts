import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Miniflare, Response, supportedCompatibilityDate } from "miniflare";
import { root } from "../../tools/project.ts";
import { bundleOnce } from "../harness/bundle_once.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { until } from "../harness/until.ts";
import { checkRow, rowOf } from "./frameworks/table.ts";

const NAME = "examples/frameworks/workers";

/** The worker, and what has happened outside of it, in its order. */
interface Served extends AsyncDisposable {
  readonly events: string[];
  readonly miniflare: Miniflare;
  /** Asks for a page to its last byte, and waits for its mail. */
  answer(page: string): Promise<string[]>;
}

/** How Miniflare hands over what is no request. */
interface Events {
  scheduled(options: object): Promise<unknown>;
  queue(name: string, messages: readonly object[]): Promise<unknown>;
}

async function serve(): Promise<Served> {
  const events: string[] = [];
  const path = fileURLToPath(new URL(`${NAME}/worker.ts`, root));
  const contents = await readFile(await bundleOnce(path, "workerd"), "utf8");
  const miniflare = new Miniflare(
    {
      compatibilityDate: supportedCompatibilityDate,
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: { ROOM: "Room" },
      modules: [{ type: "ESModule", path: "worker.mjs", contents }],
      queueConsumers: ["mails"],
      serviceBindings: {
        outside(request: { url: string }): Response {
          const { pathname } = new URL(request.url);
          if (pathname === "/words") return new Response(words());
          events.push(pathname.slice(1));
          return new Response("ok");
        },
      },
      unsafeTriggerHandlers: true,
    } as ConstructorParameters<typeof Miniflare>[0],
  );
  return {
    events,
    miniflare,
    async answer(page) {
      const from = events.length;
      const response = await miniflare.dispatchFetch(`http://x/${page}`);
      await response.text();
      events.push("received");
      await until(() => events.length >= from + 2);
      return events.slice(from);
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}

function words(): ReadableStream<Uint8Array> {
  return new Blob(["one two three"]).stream();
}

if (runtime !== "workerd") leaveOut(NAME, "only on workerd");
else {
  test(`${NAME}: Hono has the row of docs/frameworks.md`, async () => {
    await using served = await serve();
    const { answer, events, miniflare } = served;
    const cell = async (page: string): Promise<string> => {
      const order = (await answer(page)).join();
      return order === `received,mail/${page}` ? "✔" : "starts early";
    };
    const cells = {
      task: await cell("task"),
      stream: await cell("stream"),
      proxy: await cell("proxy"),
      platform: "",
      fail: "✔",
      slow: "–", // Workers have no signals
    };
    const platform = await miniflare.dispatchFetch("http://x/platform");
    cells.platform = `✔ ${await platform.text()}`;
    await (await miniflare.dispatchFetch("http://x/fail")).text();
    await answer("task"); // what comes behind has run
    if (events.includes("mail/fail")) cells.fail = "runs all the same";
    checkRow(rowOf("Hono 4", ["workerd"], cells), "");
  });

  test(`${NAME}: a Durable Object answers before its task`, async () => {
    await using served = await serve();
    assertEquals(await served.answer("object"), ["received", "mail/object"]);
  });

  test(`${NAME}: cron, a queue and an email have ended when their tasks have`, async () => {
    await using served = await serve();
    const { events, miniflare } = served;
    const worker: Events = await miniflare.getWorker() as never;
    await worker.scheduled({});
    assertEquals(events, ["mail/cron"]);
    const message = { id: "1", timestamp: new Date(), attempts: 1, body: "x" };
    await worker.queue("mails", [message]);
    assertEquals(events, ["mail/cron", "mail/queue"]);
    const address = "http://x/cdn-cgi/handler/email?from=a@x.y&to=b@x.y";
    const body = "From: a@x.y\r\nTo: b@x.y\r\nMessage-ID: <1@x.y>\r\n\r\nhello";
    const options = { method: "POST", body };
    await (await miniflare.dispatchFetch(address, options)).text();
    assertEquals(events, ["mail/cron", "mail/queue", "mail/email"]);
  });
}
