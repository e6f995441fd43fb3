import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { withBackgroundTasks } from "@postlude/background-tasks";
import { TestClient } from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { gate } from "../harness/gate.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

/** An app whose body never ends, and what its task learned of the response. */
function endless(): {
  client: TestClient;
  outcomes: string[];
  sent: () => void;
} {
  const outcomes: string[] = [];
  let enqueue = (): void => {};
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.with({
      runOn: (_outcome, { outcome }) => outcomes.push(outcome) > 0,
    }).addTask(function audit() {});
    const body = new ReadableStream({
      start(controller): void {
        enqueue = () => controller.enqueue(new TextEncoder().encode("tick "));
        enqueue();
      },
      cancel: (reason) => void outcomes.push(`cancelled: ${reason}`),
    });
    return new Response(body, { status: 201 });
  }));
  return { client, outcomes, sent: () => enqueue() };
}

test("TestClient.get({ signal }) reads an endless body until the client leaves", async () => {
  const { client, outcomes, sent } = endless();
  const controller = new AbortController();
  const pending = client.get("/", { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve));
  sent();
  await new Promise((resolve) => setTimeout(resolve));
  controller.abort("enough");
  const response = await pending;
  assertEquals([response.status, await response.text()], [201, "tick tick "]);
  assertEquals(outcomes, ["cancelled: enough", "aborted"]);
  assertEquals(client.tasks.succeeded.map(({ name }) => name), ["audit"]);
});

test("TestClient.get({ signal }) reads Server-Sent Events of Hono that last", async () => {
  const controller = new AbortController();
  const app = new Hono();
  app.get("/events", (c) =>
    streamSSE(c, async (stream) => {
      for (let id = 1; !stream.aborted; id++) {
        await stream.writeSSE({ data: `number ${id}` });
        if (id === 2) controller.abort();
        await stream.sleep(1);
      }
    }));
  const { signal } = controller;
  const response = await new TestClient(app).get("/events", { signal });
  assertEquals(await response.text(), "data: number 1\n\ndata: number 2\n\n");
});

test("TestClient.get({ signal }) rejects with its reason where nothing was answered, after the tasks", async () => {
  const reason = new Error("left");
  const outcomes: string[] = [];
  const controller = new AbortController();
  const client = new TestClient(withBackgroundTasks(async (request, tasks) => {
    tasks.with({
      runOn: (_outcome, { outcome }) => outcomes.push(outcome) > 0,
    }).addTask(function audit() {});
    const left = gate();
    request.signal.addEventListener("abort", left.open);
    controller.abort(reason);
    await left.opened;
    return new Response(
      new ReadableStream({
        cancel: (reason) => void outcomes.push(String(reason)),
      }),
    );
  }));
  const { signal } = controller;
  const error = await assertRejects(() => client.get("/", { signal }), Error);
  assertStrictEquals(error, reason);
  assertEquals(outcomes, ["Error: left", "aborted"]);
  assertEquals(client.tasks.succeeded.length, 1);
});

test("TestClient.request() follows the signal of a Request", async () => {
  const controller = new AbortController();
  const { client, outcomes } = endless();
  const request = new Request("http://localhost/", controller);
  const pending = client.request(request);
  await new Promise((resolve) => setTimeout(resolve));
  controller.abort("enough");
  assertEquals(await (await pending).text(), "tick ");
  assertEquals(outcomes.at(-1), "aborted");

  const told = gate();
  const listening = new TestClient(async (request: Request) => {
    request.signal.addEventListener("abort", told.open);
    leaving.abort("left");
    await told.opened;
    return new Response();
  });
  const leaving = new AbortController();
  const left = new Request("http://localhost/", leaving);
  await listening.request(left).catch((reason) => outcomes.push(reason));
  assertEquals(outcomes.at(-1), "left");
});

test("TestClient.get({ signal }) changes nothing where the client stays", async () => {
  const { signal } = new AbortController();
  const outcomes: string[] = [];
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.with({
      runOn: (_outcome, { outcome }) => outcomes.push(outcome) > 0,
    }).addTask(() => {});
    return new Response("ok", { headers: { "content-type": "text/css" } });
  }));
  const response = await client.get("/", { signal });
  assertEquals(
    [await response.text(), response.headers.get("content-type"), outcomes],
    ["ok", "text/css", ["sent"]],
  );
  const broken = new TestClient(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new Error("broken")),
      }),
    )
  );
  await assertRejects(() => broken.get("/", { signal }), Error, "broken");
  const texts = new TestClient(() =>
    new Response(
      new ReadableStream({
        pull(controller): void {
          controller.enqueue("text" as never);
          controller.close();
        },
      }),
    )
  );
  for (const options of [{ signal }, {}]) {
    if (host === "bun") { // whose streams may give texts
      assertEquals(await (await texts.get("/", options)).text(), "text");
    } else {
      const { message } = await assertRejects(
        () => texts.get("/", options),
        TypeError,
      );
      assertEquals(
        message,
        'Cannot read "text" of a body: a stream of a response must give bytes',
      );
    }
  }
});

test("TestClient.get({ signal }) refuses what is no signal", async () => {
  const { client } = endless();
  const { message } = await assertRejects(
    () => client.get("/", { signal: new AbortController() as never }),
    TypeError,
  );
  assertEquals(
    message,
    "Cannot use signal an AbortController: write an AbortSignal, such as that of an AbortController",
  );
});

test("TestClient.get({ signal }) keeps what a source writes into the same bytes again and again, and leaves no listener behind", async () => {
  const bytes = new Uint8Array(1);
  let left = 3;
  let isRead = false;
  const client = new TestClient(() => {
    isRead = true;
    return new Response(
      new ReadableStream({
        pull(controller): void {
          if (left === 0) return controller.close();
          bytes[0] = 96 + left--;
          controller.enqueue(bytes);
        },
      }, { highWaterMark: 0 }),
    );
  });
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener: add, removeEventListener: remove } = signal;
  Object.assign(signal, {
    addEventListener(...args: Parameters<typeof add>) {
      if (isRead) listeners.add(args[1]); // before, Node listens for the request
      add.apply(signal, args);
    },
    removeEventListener(...args: Parameters<typeof remove>) {
      listeners.delete(args[1]);
      remove.apply(signal, args);
    },
  });
  assertEquals(await (await client.get("/", { signal })).text(), "cba");
  assertEquals(listeners.size, 0);
});

test("TestClient.get() reads bytes of another realm, as those of the platform are under jsdom", async () => {
  const client = new TestClient(() => {
    const bytes = new TextEncoder().encode("ok");
    const prototype = Object.create(
      Object.getPrototypeOf(Uint8Array.prototype),
      Object.getOwnPropertyDescriptors(Uint8Array.prototype),
    );
    const body = new ReadableStream({
      start(controller): void {
        controller.enqueue(Object.setPrototypeOf(bytes, prototype));
        controller.close();
      },
    });
    return new Response(body);
  });
  for (const options of [{}, { signal: new AbortController().signal }]) {
    assertEquals(await (await client.get("/", options)).text(), "ok");
  }
});

test("TestClient.head() drops the body, as servers do, where the app does not", async () => {
  const { client, outcomes } = endless();
  const response = await client.head("/events");
  assertEquals([response.status, response.body], [201, null]);
  assertEquals(outcomes, ["cancelled: undefined", "sent"]);
});
