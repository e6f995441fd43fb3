import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Miniflare, Response, supportedCompatibilityDate } from "miniflare";
import { root } from "../../tools/project.ts";
import { bundleOnce } from "../harness/bundle_once.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { until } from "../harness/until.ts";
import { NONE, YES } from "./frameworks/checks.ts";
import { checkRow, rowOf } from "./frameworks/table.ts";

const NAME = "examples/frameworks/workers";

/** The worker, and what has happened outside of it, in its order. */
interface Served extends AsyncDisposable {
  readonly events: string[];
  readonly miniflare: Miniflare;
  /** Whether the mail server refuses a mail. */
  isDown: boolean;
  /** Asks for a page to its last byte, and waits for its mail. */
  answer(page: string): Promise<string[]>;
}

/** What the platform was told: of an `"exception"`, it tries again. */
interface Outcome {
  readonly outcome: string;
}

/** How Miniflare hands over what is no request. */
interface Events {
  scheduled(options: object): Promise<Outcome>;
  queue(name: string, messages: readonly object[]): Promise<Outcome>;
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
        async outside(request: { url: string }): Promise<Response> {
          const { pathname } = new URL(request.url);
          if (pathname === "/words") return new Response(words());
          if (served.isDown) return new Response("down", { status: 503 });
          // mail and response come over two connections: what arrived before is read before
          for (let turn = 0; turn < 10; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          events.push(pathname.slice(1));
          return new Response("ok");
        },
      },
      unsafeTriggerHandlers: true,
    } as ConstructorParameters<typeof Miniflare>[0],
  );
  const served: Served = {
    events,
    isDown: false,
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
  return served;
}

function words(): ReadableStream<Uint8Array> {
  return new Blob(["one two three"]).stream();
}

if (runtime !== "workerd") leaveOut(NAME, "only on workerd");
else {
  for (
    const [name, path] of [["Hono 4", ""], [
      "Durable Object",
      "object/",
    ]] as const
  ) {
    test(`${NAME}: ${name} has the row of docs/frameworks.md`, async () => {
      await using served = await serve();
      const { answer, events, miniflare } = served;
      const cell = async (page: string): Promise<string> => {
        const order = (await answer(path + page)).join();
        return order === `received,mail/${path}${page}` ? YES : "starts early";
      };
      const cells = {
        task: await cell("task"),
        stream: await cell("stream"),
        proxy: await cell("proxy"),
        platform: "",
        fail: YES as string,
        slow: NONE, // Workers have no signals
      };
      const ask = async (page: string): Promise<string> =>
        await (await miniflare.dispatchFetch(`http://x/${path}${page}`)).text();
      cells.platform = `${YES} ${await ask("platform")}`;
      await ask("fail");
      await answer(`${path}task`); // what comes behind has run
      if (events.includes(`mail/${path}fail`)) cells.fail = "runs all the same";
      checkRow(rowOf(name, ["workerd"], cells), "");
    });
  }

  test(`${NAME}: cron, a queue and an email have the row of docs/frameworks.md`, async () => {
    await using served = await serve();
    const { events, miniflare } = served;
    const worker: Events = await miniflare.getWorker() as never;
    const message = { id: "1", timestamp: new Date(), attempts: 1, body: "x" };
    const address = "http://x/cdn-cgi/handler/email?from=a@x.y&to=b@x.y";
    const body = "From: a@x.y\r\nTo: b@x.y\r\nMessage-ID: <1@x.y>\r\n\r\nhello";
    const happen = {
      cron: async () => (await worker.scheduled({})).outcome === "ok",
      queue: async () =>
        (await worker.queue("mails", [message])).outcome === "ok",
      email: async () => {
        const options = { method: "POST", body };
        const response = await miniflare.dispatchFetch(address, options);
        await response.text();
        return response.ok;
      },
    };
    const cells = { task: YES as string, stream: NONE, proxy: NONE };
    let fail: string = YES;
    for (const [kind, event] of Object.entries(happen)) {
      served.isDown = false;
      const isDone = await event();
      if (!isDone || events.pop() !== `mail/${kind}`) {
        cells.task = `${kind}: no`;
      }
      served.isDown = true;
      if (await event()) fail = `${kind}: is not told`;
    }
    const row = { ...cells, fail, platform: NONE, slow: NONE };
    checkRow(rowOf("Cron, queue, email", ["workerd"], row), "");
  });
}
