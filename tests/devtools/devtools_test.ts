import process from "node:process";
import {
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type BackgroundTasks,
  BackgroundTasks as Tasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  task,
  TaskRunner,
} from "@postlude/background-tasks";
import {
  devtools,
  type DevtoolsOptions,
} from "@postlude/background-tasks/devtools";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { type Clock, systemClock } from "../../src/task/clock.ts";
import type { VirtualClock } from "../../src/testing/virtual_clock.ts";
import { createRunner, fakeTime } from "../harness/fake_clock.ts";
import { leftAfterGarbage, usedMemory } from "../harness/garbage.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { testUnless } from "../harness/left_out.ts";
import { host } from "../harness/runtime.ts";
import { openRequest } from "../harness/open_request.ts";
import { watchingTest as test } from "../harness/unobserved.ts";
import { respond } from "../harness/timeline.ts";
import { withGlobal } from "../harness/with_global.ts";

/** An app with the page, and what adds tasks to it. */
interface Shown {
  readonly app: Hono<BackgroundTasksEnv>;
  readonly runner: TaskRunner;
  /** The page, or what is below it, as text. */
  page(path?: string): Promise<string>;
  /** Makes a request whose handler adds tasks, and lets them run. */
  request(path: string, add: (tasks: BackgroundTasks) => void): Promise<void>;
}

function show(options: DevtoolsOptions = { allow: () => true }): Shown {
  const app = new Hono<BackgroundTasksEnv>();
  const runner = new TaskRunner();
  let add: (tasks: BackgroundTasks) => void = () => {};
  app.route("/_tasks", devtools(options));
  app.use(backgroundTasks({ runner, onTaskError: () => {} }));
  app.get("*", (c) => {
    add(c.var.backgroundTasks);
    return c.text("ok", 201);
  });
  return {
    app,
    runner,
    page: async (path = "") =>
      await (await app.request(`/_tasks${path}`)).text(),
    async request(path, adds) {
      add = adds;
      await app.request(path);
      await runner.drain();
    },
  };
}

/** The text of the page's list, tags left out. */
function listOf(html: string): string {
  const main = html.slice(html.indexOf("<main"), html.indexOf("</main>"));
  return main.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

/** What the page gets of the stream. */
interface Message {
  readonly id: string;
  readonly figures: string;
  readonly changed: string[];
  readonly order: number[];
}

/** Reads the first message of an event stream. */
async function firstMessage(response: Response): Promise<Message> {
  const [first] = await messages(response, 1);
  return first!;
}

/** Reads so many messages of an event stream. */
async function messages(response: Response, count: number): Promise<Message[]> {
  let text = "";
  const parts = (): string[] =>
    text.split("\n\n").slice(0, -1).filter((part) => /^data: /m.test(part));
  const reader = response.body!.pipeThrough(new TextDecoderStream())
    .getReader();
  while (parts().length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return parts().map((part) => ({
    id: /^id: (.*)$/m.exec(part)?.[1] ?? "",
    ...JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? "null"),
  }));
}

test("devtools() shows each request with its handler, its response and its tasks", async () => {
  const { page, request } = show();
  await request("/signup?token=secret", (tasks) => {
    tasks.addTask(function sendEmail(_to: string) {}, "ada@example.com");
    tasks.addGroup(
      task(function fails() {
        throw new RangeError("out of stamps");
      }),
      task(() => {}),
    );
    tasks.with({ name: "never" }).addTask(() => {}).cancel("too late");
  });
  const html = await page();
  assertMatch(
    listOf(html),
    /GET \/signup 201 .* handler returned \d+ ms response ended \d+ ms sendEmail ✓ succeeded \d+ ms fails ✕ failed \d+ ms RangeError: out of stamps .* anonymous ✓ succeeded \d+ ms never ⊘ cancelled too late/,
  );
  assertFalse(html.includes("ada@example.com"));
  assertFalse(html.includes("secret"));
  assertMatch(html, /<dt>failed<\/dt><dd>1<\/dd>/);
  assertMatch(html, /<dt>succeeded<\/dt><dd>2<\/dd>/);
});

test("devtools() shows arguments only when it is told to", async () => {
  const { page, request } = show({ allow: () => true, showArguments: true });
  await request("/", (tasks) => {
    tasks.addTask(function sendEmail(_to: string) {}, "ada@example.com");
    const trap = {
      get value(): never {
        throw new Error("do not touch");
      },
    };
    tasks.addTask(function trapped(_trap: object) {}, trap);
  });
  const text = listOf(await page());
  assertStringIncludes(text, "sendEmail(&quot;ada@example.com&quot;)");
  assertStringIncludes(text, "trapped({ value: …)");
});

test("devtools() shows no response for durable tasks, which do not wait for its end", async () => {
  const { page, request } = show();
  const queue = memoryQueue();
  const charge = defineTask("charge", { queue }, () => {});
  await request("/durable", (tasks) => tasks.addTask(charge));
  assertMatch(
    listOf(await page()),
    /GET \/durable .* handler returned \d+ ms charge ✓ succeeded/,
  );
});

test("devtools() escapes what tasks, errors and queries say", async () => {
  const { app, page, request } = show();
  const hostile = `"><img src=x onerror=alert(1)></script>`;
  await request("/%3Cimg%20src=x%3E", (tasks) => {
    tasks.with({ name: hostile }).addTask(() => {
      throw new Error(hostile);
    });
  });
  const stream = await app.request("/_tasks/live");
  const { changed } = await firstMessage(stream);
  const query = `?name=${encodeURIComponent(hostile)}`;
  for (const html of [await page(), await page(query), changed.join()]) {
    assertFalse(html.includes("<img"));
    assertStringIncludes(html, "&lt;img");
  }
});

test("devtools() filters by name and by outcome", async () => {
  const { page, request } = show();
  await request("/first", (tasks) => {
    tasks.with({ name: "send-email" }).addTask(() => {});
    tasks.with({ name: "Send-Receipt" }).addTask(() => {
      throw new Error("no");
    });
    tasks.with({ name: "audit" }).addTask(() => {});
  });
  await request("/second", (tasks) => {
    tasks.with({ name: "audit" }).addTask(() => {});
  });
  const names = async (query: string): Promise<string[]> =>
    listOf(await page(query)).match(
      /\/first|\/second|send-email|Send-Receipt|audit/g,
    ) ?? [];
  assertEquals(await names(""), [
    ...["/second", "audit"],
    ...["/first", "send-email", "Send-Receipt", "audit"],
  ]);
  assertEquals(await names("?name=%20SEND%20"), [
    "/first",
    "send-email",
    "Send-Receipt",
  ]);
  assertEquals(await names("?name=send&outcome=failed"), [
    "/first",
    "Send-Receipt",
  ]);
  assertEquals(await names("?outcome=nonsense&name=audit"), [
    ...["/second", "audit"],
    ...["/first", "audit"],
  ]);
});

test("devtools() streams what is there, then only what changed since", async () => {
  const { app, request } = show();
  const live = (id?: string): Promise<Response> =>
    Promise.resolve(
      app.request("/_tasks/live", {
        headers: id === undefined ? {} : { "last-event-id": id },
      }),
    );
  await request("/first", (tasks) => tasks.addTask(function first() {}));
  const response = await live();
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const { id } = await firstMessage(response);
  await request("/second", (tasks) => tasks.addTask(function second() {}));

  const { changed, order } = await firstMessage(await live(id));
  assertEquals(order, [2, 1]);
  assertEquals(changed.length, 1);
  assertStringIncludes(changed[0]!, "second");
  const all = await firstMessage(await live("another-run:99"));
  assertEquals(all.changed.length, 2);
});

test("devtools() streams what passes the filter of the page, and no other request", async () => {
  const { app, request } = show();
  await request("/first", (tasks) => tasks.addTask(function sendEmail() {}));
  await request("/second", (tasks) => tasks.addTask(function audit() {}));
  const response = await app.request("/_tasks/live?name=send");
  const { changed, order } = await firstMessage(response);
  assertEquals(order, [1]);
  assertEquals(changed.length, 1);
  assertStringIncludes(changed[0]!, "sendEmail");
});

test("devtools() ends its stream after five seconds, so that it holds no server up", async () => {
  const { app, request } = show();
  await request("/", (tasks) => tasks.addTask(() => {}));
  const response = await app.request("/_tasks/live");
  const reader = response.body!.getReader();
  const { now } = Date;
  try {
    await reader.read();
    Date.now = () => now() + 4_000;
    await reader.read();
    Date.now = () => now() + 5_000;
    for (let chunk = await reader.read(); !chunk.done;) {
      chunk = await reader.read();
    }
  } finally {
    Date.now = now;
  }
});

test("devtools() keeps the newest 100 tasks of a request, and counts the others", async () => {
  const { page, request } = show();
  await request("/first", (tasks) => {
    tasks.with({ name: "first" }).addTask(() => {});
  });
  await request("/many", (tasks) => {
    for (let i = 0; i < 700; i++) {
      tasks.with({ name: `task-${i}-` }).addTask(() => {});
    }
  });
  await request("/last", (tasks) => {
    tasks.with({ name: "last" }).addTask(() => {});
  });
  const text = listOf(await page());
  assertEquals(text.match(/✓ succeeded/g)?.length, 102);
  assertStringIncludes(text, "600 earlier tasks are not kept");
  assertStringIncludes(text, "task-600-");
  assertFalse(text.includes("task-599-"));
  assertMatch(text, /\/last .*\/many .*\/first /); // nothing else was pushed out
  assertMatch(await page(), /<dt>succeeded<\/dt><dd>702<\/dd>/);
});

test("devtools() keeps the newest 500 tasks of all requests", async () => {
  const { page, request } = show();
  const add = (count: number) => (tasks: BackgroundTasks): void => {
    for (let i = 0; i < count; i++) tasks.addTask(function work() {});
  };
  await request("/forgotten", add(2));
  await request("/cut", add(3));
  for (let i = 0; i < 5; i++) await request(`/full-${i}-`, add(100));
  let text = listOf(await page());
  assertEquals(text.match(/✓ succeeded/g)?.length, 500);
  assertFalse(/forgotten|cut/.test(text));
  assertStringIncludes(text, "/full-0-");
  assertFalse(text.includes("not kept"));
  await request("/one", add(1));
  text = listOf(await page());
  assertEquals(text.match(/✓ succeeded/g)?.length, 500);
  assertMatch(text, /\/one .*\/full-0- .* 1 earlier task is not kept/);
});

test("devtools() counts what is pending and what runs, retries included, and never below nothing", async () => {
  const { app, page } = show();
  const figures = async (): Promise<string[]> =>
    [...(await page()).matchAll(/<dt>(\w+)<\/dt><dd>([^<]*)<\/dd>/g)]
      .slice(0, 4).map(([, name, value]) => `${name} ${value}`);
  const { runner, clock } = fakeTime();
  const flaky = defineTask(
    "flaky",
    { retry: { attempts: 2, delay: 10, jitter: 0 } },
    ({ attempt }) => {
      if (attempt === 1) throw new Error("not yet");
    },
  );
  const { tasks, respond } = openRequest({ runner, onTaskError: () => {} });
  const held = gate();
  tasks.addTask(() => held.opened);
  tasks.addTask(flaky);
  tasks.addTask(() => {}).cancel();
  assertEquals(await figures(), [
    "pending 2",
    "running 0",
    "succeeded 0",
    "failed 0",
  ]);
  await respond();
  await until(() => runner.stats().running === 1);
  assertEquals((await figures()).slice(0, 2), ["pending 2", "running 1"]);
  held.open();
  await clock.advance(5);
  assertEquals((await figures()).slice(0, 2), ["pending 1", "running 1"]);
  await clock.advance(5);
  assertEquals(await figures(), [
    "pending 0",
    "running 0",
    "succeeded 2",
    "failed 0",
  ]);
  assertEquals((await app.request("/_tasks")).status, 200);
});

test("devtools() ignores the tasks that were added before it was there", async () => {
  const held = gate();
  const runner = new TaskRunner();
  const tasks = new Tasks({ runner });
  tasks.addTask(() => held.opened);
  tasks.runAfter(new Response());
  await until(() => runner.stats().running === 1);
  const { page } = show();
  held.open();
  await runner.drain();
  const html = await page();
  for (const name of ["pending", "running", "succeeded", "failed"]) {
    assertStringIncludes(html, `<dt>${name}</dt><dd>0</dd>`);
  }
});

test("devtools() shows no time below nothing where a clock is put back", async () => {
  let now = 1_000;
  const clock: Clock = { ...systemClock, now: () => now };
  const runner = createRunner({}, clock);
  const { page } = show();
  const tasks = new Tasks({ runner });
  tasks.addTask(function late() {
    now = 0;
  });
  await respond(tasks);
  await runner.drain();
  const html = await page();
  assertMatch(listOf(html), /late ✓ succeeded 0 ms/);
  assertFalse(/>-\d|"-\d/.test(html), html);
});

/** Runs tasks on a clock that stands still, and shows them. */
async function timed(
  add: (tasks: BackgroundTasks, clock: VirtualClock) => void,
  ...steps: number[]
): Promise<Shown> {
  const shown = show();
  const { clock, runner } = fakeTime();
  const deadline = Infinity; // Workers has one of its own
  const tasks = new Tasks({ runner, deadline, onTaskError: () => {} });
  add(tasks, clock);
  await respond(tasks);
  for (const step of [0, ...steps]) await clock.advance(step);
  return shown;
}

test("devtools() shows how long tasks ran, as percentiles of the latest 1,000", async () => {
  const { page, request } = await timed((tasks, clock) => {
    for (const time of [1, 2, 3, 4_000]) {
      tasks.with({ name: `took ${time}` }).addTask(() =>
        new Promise<void>((resolve) => clock.setTimeout(resolve, time))
      );
    }
  }, 5_000);
  const figures = await page();
  assertMatch(figures, /<dt>p50<\/dt><dd>2 ms<\/dd>/);
  assertMatch(figures, /<dt>p99<\/dt><dd>4.00 s<\/dd>/);
  assertMatch(listOf(figures), /took 4000 ✓ succeeded 4.00 s/);
  await request("/more", (tasks) => {
    for (let i = 0; i < 1_000; i++) tasks.addTask(() => {});
  });
  assertFalse((await page()).includes("<dd>4.00 s</dd>"));
});

test("devtools() shows each failed attempt of the latest 20, and the minutes of a long task", async () => {
  const { page } = await timed((tasks, clock) => {
    tasks.addTask(
      defineTask(
        "flaky",
        { retry: { attempts: 30, delay: 10_000, factor: 1, jitter: 0 } },
        ({ attempt }) => {
          if (attempt < 26) throw new Error("x".repeat(400));
          return new Promise<void>((resolve) =>
            clock.setTimeout(resolve, 5_000)
          );
        },
      ),
    );
  }, 300_000);
  const html = await page();
  assertEquals(html.match(/class="retry"/g)?.length, 20);
  assertMatch(listOf(html), /flaky ✓ succeeded attempt 26 4 min 15 s/);
});

test("devtools() counts a task that timed out among those that failed, and cuts a long error", async () => {
  const { page } = await timed((tasks) => {
    tasks.with({ timeout: 10 }).addTask(() => new Promise(() => {}));
    tasks.addTask(function long() {
      throw new Error("x".repeat(400));
    });
  }, 10);
  const html = await page();
  assertMatch(html, /<dt>failed<\/dt><dd>2<\/dd>/);
  assertMatch(html, /<summary[^>]*><span>Error: x{293}<\/span>/);
});

test("devtools() draws every bar within its axis", async () => {
  const { page, request } = show();
  await request("/", (tasks) => {
    tasks.addTask(() => {});
    tasks.with({ name: "never" }).addTask(() => {}).cancel();
  });
  const instantly = await timed((tasks, clock) => {
    tasks.addTask(() =>
      new Promise<void>((resolve) => clock.setTimeout(resolve, 500))
    );
    tasks.addTask(() => {}); // at the very end
  }, 500);
  for (const html of [await page(), await instantly.page()]) {
    const parts = [...html.matchAll(/ (?:x|x1|width)="([^"]*)%"/g)]
      .map(([, part]) => Number(part));
    assertEquals(parts.length > 4, true);
    for (const part of parts) {
      assertEquals(part >= 0 && part <= 100, true, `${part}%`);
    }
    const bars = [...html.matchAll(/ x="([^"]*)%" width="([^"]*)%"/g)]
      .map(([, x, width]) => Number(x) + Number(width));
    assertEquals(bars.length > 2, true);
    for (const end of bars) assertEquals(end < 100.01, true, `${end}%`);
  }
});

test("devtools() forgets a request with its last task", async () => {
  const { app, request } = show();
  await request("/gone", (tasks) => void tasks.addTask(() => {}));
  for (let i = 0; i < 5; i++) {
    await request("/full", (tasks) => {
      for (let count = 0; count < 100; count++) tasks.addTask(() => {});
    });
  }
  const { order } = await firstMessage(await app.request("/_tasks/live"));
  assertEquals(order, [6, 5, 4, 3, 2]);
});

test("devtools() sends a request whose bars grow again, though nothing happened", async () => {
  const { app, request } = show();
  await request("/over", (tasks) => tasks.addTask(function over() {}));
  const held = gate();
  const runner = new TaskRunner();
  const tasks = new Tasks({ runner });
  tasks.addTask(function moves() {
    return held.opened;
  });
  tasks.runAfter(new Response());
  await until(() => runner.stats().running === 1);
  const [first, second] = await messages(await app.request("/_tasks/live"), 2);
  assertEquals(first?.changed.length, 2);
  assertEquals(second?.id, first?.id);
  assertEquals(second?.changed.length, 1);
  assertStringIncludes(second!.changed[0]!, "moves");
  held.open();
  await runner.drain();
});

testUnless(
  host === "workerd" ? "Workers do not tell what memory they use" : undefined,
  "devtools() keeps nothing of a long text but what it shows",
  async () => {
    const { request } = show({ allow: () => true, showArguments: true });
    const before = await usedMemory();
    for (let count = 0; count < 20; count++) {
      const text = `${count}`.padEnd(2_000_000, "text");
      const name = text.slice(0, 100);
      await request("/", (tasks) => {
        tasks.with({ name }).addTask((_: string) => {
          throw new Error(text);
        }, text);
        tasks.addTask(() => {
          throw new Error(text.slice(0, 100));
        });
      });
    }
    const most = 20_000_000;
    const growth = (): number => process.memoryUsage().heapUsed - before;
    const kept = await leftAfterGarbage(growth, most);
    assertEquals(kept <= most, true, `${kept} bytes were kept`);
  },
);

test("devtools() refuses everybody without allow, unless the connection is local", async () => {
  const { app } = show({});
  const local = { remoteAddr: { hostname: "127.0.0.1" } };
  const url = "http://localhost:8000/_tasks";
  const status = async (
    env: unknown,
    { path = "", headers = {}, at = url } = {},
  ): Promise<number> =>
    (await app.request(at + path, { headers }, env as object)).status;
  assertEquals(await status(local), 200);
  assertEquals(await status(local, { at: "http://[::1]:8000/_tasks" }), 200);
  assertEquals(await status(local, { at: "http://0.0.0.0:8000/_tasks" }), 200);
  const node = { incoming: { socket: { remoteAddress: "::ffff:127.0.0.1" } } };
  assertEquals(await status(node), 200);
  const bun = { requestIP: () => ({ address: "::1" }) };
  assertEquals(await status(bun), 200);
  assertEquals(await status({ server: bun }), 200);
  const named = { at: "http://app.localhost:8000/_tasks" };
  assertEquals(await status(local, named), 200);

  assertEquals(await status(undefined), 403);
  assertEquals(await status({}), 403);
  assertEquals(await status({}, { path: "/live" }), 403);
  const binding = new Proxy({}, { get: () => () => binding });
  assertEquals(await status(binding), 403);
  const throwing = {
    requestIP(): never {
      throw new TypeError("no such method");
    },
  };
  assertEquals(await status(throwing), 403);
  const remote = { remoteAddr: { hostname: "192.0.2.7" } };
  assertEquals(await status(remote), 403);
  const impostor = { remoteAddr: { hostname: "127.0.0.1.example.com" } };
  assertEquals(await status(impostor), 403);
  const rebound = { at: "http://evil.example.com/_tasks" };
  assertEquals(await status(local, rebound), 403);
});

test("devtools() asks srvx who is connected, which tells it on the request", async () => {
  const { app } = show({});
  const statusOf = async (ip: string): Promise<number> => {
    const request = new Request("http://localhost:8000/_tasks");
    Object.defineProperty(request, "ip", { value: ip });
    return (await app.fetch(request)).status;
  };
  assertEquals([await statusOf("127.0.0.1"), await statusOf("192.0.2.7")], [
    200,
    403,
  ]);
});

/** What proxies of many makes add, and what a developer's own tools send. */
const PROXY_HEADERS = [
  ...["forwarded", "x-forwarded", "x-forwarded-for", "x-forwarded-host"],
  ...["x-forwarded-proto", "x-forwarded-port", "x-forwarded-server"],
  ...["x-forwarded-prefix", "x-original-forwarded-for", "forwarded-for"],
  ...["true-client-ip", "cf-connecting-ip", "cf-ray", "x-real-ip", "via"],
  ...["client-ip", "x-client-ip", "x-cluster-client-ip", "x-remote-addr"],
  ...["fastly-client-ip", "fly-client-ip", "x-envoy-external-address"],
  ...["x-appengine-user-ip", "x-azure-clientip", "x-arr-ssl", "x-host"],
  ...["x-nf-client-connection-ip", "x-vercel-id", "cdn-loop", "x-scheme"],
  ...["x-amz-cf-id", "x-amzn-trace-id", "cloudfront-viewer-address"],
  ...["x-original-url", "x-rewrite-url", "wl-proxy-client-ip", "max-forwards"],
  ...["proxy-connection", "do-connecting-ip", "x-sucuri-clientip"],
  ...["front-end-https", "x-varnish", "x-bluecoat-via", "x-nginx-proxy"],
  ...["x-akamai-edgescape", "ali-cdn-real-ip", "x-request-start", "clientip"],
  ...["x-edge-location", "ngrok-trace-id", "x-haproxy-server-state"],
];
const DEVELOPER_HEADERS = [
  ...["accept", "accept-language", "authorization", "cache-control", "cookie"],
  ...["dnt", "if-none-match", "last-event-id", "origin", "priority", "referer"],
  ...[
    "sec-ch-ua",
    "sec-fetch-site",
    "traceparent",
    "user-agent",
    "x-request-id",
  ],
  ...["upgrade-insecure-requests", "x-requested-with", "x-own"],
];

/** The status of the page for somebody on this machine who sends a header. */
async function localStatus(name = "x-own"): Promise<number> {
  const { app } = show({});
  const local = { remoteAddr: { hostname: "127.0.0.1" } };
  const headers = { [name]: "127.0.0.1" };
  const url = "http://localhost:8000/_tasks";
  return (await app.request(url, { headers }, local)).status;
}

test("devtools() takes every header that proxies add for a proxy, and refuses", async () => {
  for (const name of PROXY_HEADERS) {
    assertEquals(await localStatus(name), 403, name);
  }
  for (const name of DEVELOPER_HEADERS) {
    assertEquals(await localStatus(name), 200, name);
  }
});

test("devtools() refuses everybody in production, and where nobody can tell", async () => {
  const { Deno } = globalThis as { Deno?: unknown };
  const statusWith = async (process: unknown, deno = Deno): Promise<number> => {
    let status = 0;
    await withGlobal(
      "Deno",
      deno,
      () =>
        withGlobal("process", process, async () => {
          status = await localStatus();
        }),
    );
    return status;
  };
  const unreadable = {
    get env(): never {
      throw new Error("no permission");
    },
  };
  const granted = { permissions: { querySync: () => ({ state: "granted" }) } };
  const throwing = {
    permissions: {
      querySync(): never {
        throw new TypeError("no such permission");
      },
    },
  };
  for (const deno of [undefined, granted]) {
    assertEquals(await statusWith({ env: {} }, deno), 200);
    assertEquals(await statusWith({ env: { NODE_ENV: "test" } }, deno), 200);
    const production = { env: { NODE_ENV: "production" } };
    assertEquals(await statusWith(production, deno), 403);
    assertEquals(await statusWith(unreadable, deno), 403);
    assertEquals(await statusWith(undefined, deno), 403);
    assertEquals(await statusWith({}, deno), 403);
  }
  assertEquals(await statusWith({ env: {} }, throwing), 403);
  assertEquals(await statusWith({ env: {} }, {}), 403);
});

test("devtools() refuses everybody where Deno may not read NODE_ENV, and says what to write", async () => {
  const { app } = show({});
  const local = { remoteAddr: { hostname: "127.0.0.1" } };
  const permissions = { querySync: () => ({ state: "prompt" }) };
  await withGlobal("Deno", { permissions }, async () => {
    const response = await app.request("http://localhost/_tasks", {}, local);
    assertEquals(response.status, 403);
    assertEquals(
      await response.text(),
      "Cannot show the background tasks: only a local development server does, asked for as localhost " +
        "from the same machine; write devtools({ allow: (c) => … }), or run Deno with " +
        "--allow-env=NODE_ENV\n",
    );
  });
});

test("devtools({ allow }) decides alone, and only true lets somebody in", async () => {
  const status = async (allow: () => unknown): Promise<number> => {
    const { app } = show({ allow: allow as () => boolean });
    app.onError((_error, c) => c.text("error", 500));
    return (await app.request("/_tasks")).status;
  };
  assertEquals(await status(() => true), 200);
  assertEquals(await status(() => Promise.resolve(true)), 200);
  assertEquals(await status(() => false), 403);
  assertEquals(await status(() => "yes"), 403);
  assertEquals(await status(() => Promise.resolve(false)), 403);
  assertEquals(await status(() => Promise.reject(new Error("no"))), 500);
});

test("devtools() lets the page load nothing, and run nothing but its own", async () => {
  const { app } = show();
  const responses = await Promise.all([
    app.request("/_tasks"),
    app.request("/_tasks"),
  ]);
  const nonces: unknown[] = [];
  for (const response of responses) {
    const policy = response.headers.get("content-security-policy") ?? "";
    assertMatch(policy, /^default-src 'none'; /);
    assertFalse(policy.includes("unsafe"));
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1];
    nonces.push(nonce);
    const html = await response.text();
    assertStringIncludes(html, `<script nonce="${nonce}">`);
    assertStringIncludes(html, `<style nonce="${nonce}">`);
    assertFalse(
      /\sstyle=|\son\w+=|\ssrc=/.test(
        html.replace(/<(script|style)[^]*?<\/\1>/g, ""),
      ),
    );
    assertStringIncludes(policy, "frame-ancestors 'self'");
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
  }
  assertEquals(new Set(nonces).size, 2);
});

test("devtools() shows its page with a slash at the end of the path too, and at no other path", async () => {
  for (const mount of ["/_tasks", "/:tenant/_tasks", "/", "/_tasks/"]) {
    const app = new Hono();
    app.route(mount, devtools({ allow: () => true }));
    app.get("/mine/", (c) => c.text("mine"));
    app.get("*", (c) => c.text("not the page"));
    const path = mount.replace(":tenant", "acme").replace(/\/?$/, "/");
    const textOf = async (path: string): Promise<string> =>
      await (await app.request(path)).text();
    assertStringIncludes(await textOf(`${path}?name=send`), 'value="send"');
    for (const other of ["x", "x/", "live/x", "/"]) {
      assertEquals(await textOf(path + other), "not the page", path + other);
    }
    assertEquals(await textOf("/mine/"), "mine");
  }
});

test("devtools() that is mounted without being called says what to write", async () => {
  const app = new Hono();
  app.use("/_tasks", devtools as never);
  app.onError((error, c) => c.text(error.message, 500));
  assertEquals(
    await (await app.request("/_tasks")).text(),
    'Cannot use a context as options: write app.route("/_tasks", devtools())',
  );
});

test("devtools() refuses wrong options", () => {
  assertThrows(() => devtools({ alow: () => true } as never), TypeError);
  assertThrows(() => devtools({ allow: true as never }), TypeError);
  assertThrows(
    () => devtools({ showArguments: "no" as never }),
    TypeError,
    'Cannot use showArguments "no": write true or false',
  );
});
