import { assertEquals, assertThrows } from "@std/assert";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  task,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { strictMode } from "@postlude/background-tasks/strict";
import { type Context, Hono } from "hono";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

class User {
  constructor(readonly id: string) {}
}

class Admin extends User {}

class HttpError extends Error {}

const ENTITY =
  "an entity that may have changed when the task runs; pass its ID, and load it inside";

test("strict warns of an entity by its position, and says what to pass instead", async () => {
  assertEquals(await warningsOf(["ada@example.com", new User("1")]), [
    `Background task "task": argument 2 is a User, ${ENTITY}`,
  ]);
  assertEquals(await warningsOf([new Admin("1"), 2, [3, new User("4")]]), [
    `Background task "task": argument 1 is an Admin, ${ENTITY}; ` +
    `argument 3 is an array that holds a User, ${ENTITY}`,
  ]);
});

test("strict warns of what belongs to the request, and says what to pass instead", async () => {
  const { readable } = new TransformStream();
  const locked = new ReadableStream();
  locked.getReader();
  const sent = new Response("sent");
  await sent.text();
  const request = new Request("https://example.com/", {
    method: "POST",
    body: "unread",
  });
  const cases: [unknown, string][] = [
    [request, "a Request with an unread body"],
    [sent, "a Response whose body is on its way to the client"],
    [locked, "a locked stream"],
    [new AbortController().signal, "an AbortSignal"],
    [Promise.resolve(), "a Promise"],
    [new TransformStream().writable, "a WritableStream"],
    [{ raw: request }, "Hono's request"],
  ];
  for (const [value, problem] of cases) {
    const [warning, ...others] = await warningsOf([value]);
    assertEquals(
      [
        warning?.startsWith(
          `Background task "task": argument 1 is ${problem}, w`,
        ) || warning?.startsWith(
          `Background task "task": argument 1 is ${problem};`,
        ),
        others.length,
      ],
      [true, 0],
      warning,
    );
  }
  assertEquals(await warningsOf([readable]), []);
});

/** What strict mode says of a task that is handed a stream, by a route that is handed the context. */
async function warningsOfRoute(
  route: (c: Context<BackgroundTasksEnv>) => Response,
): Promise<string[]> {
  const app = new Hono<BackgroundTasksEnv>();
  const runner = new TaskRunner();
  app.use(backgroundTasks({ strict: strictMode(), runner }));
  app.post("/", route);
  return await consoleLines("warn", async () => {
    for (let i = 0; i < 2; i++) {
      const response = await app.request("/", { method: "POST", body: "sent" });
      await response.text();
      await runner.drain();
    }
  });
}

function read(_stream: ReadableStream): void {}

test("strict warns of the stream that the request or the response still needs, and of the other end of one", async () => {
  assertEquals(
    await warningsOfRoute((c) => {
      c.var.backgroundTasks.addTask(read, c.req.raw.body!);
      return c.text("ok");
    }),
    [
      'Background task "read": argument 1 is the body of the request, which is gone when the response ' +
      "has left; read it in the handler, and pass what it held",
    ],
  );
  assertEquals(
    await warningsOfRoute((c) => {
      const stream = new Blob(["sent"]).stream();
      c.var.backgroundTasks.addGroup(task(read, stream));
      return c.body(stream);
    }),
    [
      'Background task "read": argument 1 is the stream that the response sends; pass a branch of its ' +
      "tee(), or what it holds",
    ],
  );
  assertEquals(
    await warningsOfRoute((c) => {
      const [mine, theirs] = new Blob(["sent"]).stream().tee();
      c.var.backgroundTasks.addTask(read, mine);
      return c.body(theirs);
    }),
    [],
  );
});

test("waitUntil() fills the body of a response, which a task would wait for", async () => {
  const app = new Hono<BackgroundTasksEnv>();
  const runner = new TaskRunner();
  app.use(backgroundTasks({ strict: strictMode(), runner }));
  const answer = async (writable: WritableStream): Promise<void> => {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode("hello"));
    await writer.close();
  };
  app.get("/", (c) => {
    const { readable, writable } = new TransformStream();
    c.var.backgroundTasks.waitUntil(answer(writable));
    return c.body(readable);
  });
  assertEquals(await (await app.request("/")).text(), "hello");
  assertEquals((await runner.drain()).failed, 0);
});

test("strict warns of a Hono context, of any copy of Hono", async () => {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ strict: strictMode() }));
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(function audit(_c: unknown) {}, c);
    return c.text("ok");
  });
  const warnings = await consoleLines("warn", async () => {
    await app.request("/");
    await app.request("/");
  });
  assertEquals(warnings, [
    'Background task "audit": argument 1 is a Hono context, which belongs to the request; read what ' +
    "the task needs from it, and pass that",
  ]);
});

test("strict is silent about plain values and the platform's own classes", async () => {
  assertEquals(
    await warningsOf([
      ...[undefined, null, 1, 1n, "text", true, Symbol("s"), () => {}],
      ...[{ id: 1 }, Object.create(null), [1, { two: 2 }]],
      ...[new Date(0), new URL("https://example.com"), new URLSearchParams()],
      ...[new Map(), new Set(), new Uint8Array(1), new ArrayBuffer(1)],
      ...[new DataView(new ArrayBuffer(1)), /pattern/, new Blob(["x"])],
      ...[new Error("e"), new HttpError("e"), new DOMException("e")],
      ...[new Headers(), new FormData(), new Response("not read yet")],
      new Request("https://example.com/without-a-body"),
      ...[[].values(), new Map().keys(), (function* () {})(), console],
    ]),
    [],
  );
});

test("strict never keeps a task from being added, whatever its arguments are", async () => {
  const ring: unknown[] = [];
  ring.push(ring);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = {
    get req(): unknown {
      throw new Error("not here");
    },
  };
  assertEquals(await warningsOf([ring, proxy, hostile]), []);
  assertEquals(
    (await warningsOf([hostile, new User("1")])).map((line) =>
      line.split(",")[0]
    ),
    ['Background task "task": argument 2 is a User'],
  );
});

test("strict never keeps a response from being returned, whatever the arguments of its tasks are", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const runner = new TaskRunner();
  let calls = 0;
  const fetch = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(
      (_first: unknown, _second: unknown) => {
        calls++;
      },
      proxy,
      new ReadableStream(),
    );
    return Object.create(Response.prototype); // whose body throws
  }, { runner, strict: strictMode() });
  await fetch(new Request("https://example.com/"));
  await runner.drain();
  assertEquals(calls, 1);
});

test("strict warns once per task name, in groups and with a policy too", async () => {
  const tasks = new BackgroundTasks({ strict: strictMode() });
  const warnings = await consoleLines("warn", () => {
    const send = (_user: User): void => {};
    const user = new User("1");
    tasks.addGroup(task(send, user), task(send, user));
    tasks.addTask(send, user);
    tasks.with({ name: "other", runOn: "always" }).addTask(send, user);
  });
  assertEquals(warnings.map((line) => line.split('"')[1]), ["send", "other"]);
});

test("strict says once, in the debug log, what keeps the work alive", async () => {
  const lines = await consoleLines("debug", async () => {
    const app = new Hono<BackgroundTasksEnv>();
    app.use(backgroundTasks({ strict: strictMode(), waitUntil: () => {} }));
    app.get("/", (c) => {
      c.var.backgroundTasks.addTask(() => {});
      return c.text("hello");
    });
    await app.request("/");
    await app.request("/");
  });
  assertEquals(lines, ['Background tasks: kept alive by "option"']);
});

test("strict is off unless asked for, and takes true or false", async () => {
  const tasks = new BackgroundTasks();
  assertEquals(
    await consoleLines("warn", () => {
      tasks.addTask((_user: User) => {}, new User("1"));
    }),
    [],
  );
  assertThrows(
    () => new BackgroundTasks({ strict: "yes" as never }),
    TypeError,
    'strict "yes": write strictMode() of',
  );
});

/** The warnings for a task called with these arguments, by a queue of its own. */
function warningsOf(args: unknown[]): Promise<string[]> {
  const tasks = new BackgroundTasks({ strict: strictMode() });
  return consoleLines("warn", () => {
    tasks.with({ name: "task" }).addTask((..._args: unknown[]) => {}, ...args);
  });
}

test("strict warns of a Response whose body was cancelled, and of no Temporal", async () => {
  const cancelled = new Response("sent");
  await cancelled.body?.cancel();
  const [warning] = await warningsOf([cancelled]);
  assertEquals(warning?.includes("a Response whose body is on its way"), true);
  class Instant {
    readonly [Symbol.toStringTag] = "Temporal.Instant";
  }
  assertEquals(await warningsOf([new Instant()]), []);
});

test("strict warns of the response itself, which another reader needs first", async () => {
  const save = (_response: Response): void => {};
  for (const isCloned of [false, true]) {
    const lines = await consoleLines("warn", async () => {
      const handle = withBackgroundTasks((_request, tasks) => {
        const response = new Response("ok");
        tasks.addTask(save, isCloned ? response.clone() : response);
        return response;
      }, { strict: strictMode() });
      await handle(new Request("https://example.com/"));
    });
    assertEquals(
      lines,
      isCloned ? [] : [
        'Background task "save": argument 1 is the response itself; pass its clone(), or what it holds',
      ],
    );
  }
});

test("strict takes what the platform keeps in Intl for plain values, and those of another realm", async () => {
  const otherRealm = Object.create(Object.create(null)); // as `{}` of node:vm
  const otherDate = new Date(0); // as the date of a file, in a test of Jest
  const prototype = Object.create(Object.create(null));
  prototype.constructor = class Date {};
  Object.setPrototypeOf(otherDate, prototype);
  assertEquals(
    await warningsOf([new Intl.NumberFormat("en"), otherRealm, otherDate]),
    [],
  );
});

test("strict warns of a promise of any library or realm", async () => {
  class Query {
    then(): void {}
  }
  const lines = await warningsOf([new Query()]);
  assertEquals(lines, [
    'Background task "task": argument 1 is a Promise, whose rejection nobody handles before the ' +
    "task runs; await it in the handler, and pass its value",
  ]);
});

test("strict takes no argument for the response of a handler that throws", async () => {
  const lines = await consoleLines("warn", async () => {
    const handle = withBackgroundTasks((_request, tasks): Response => {
      tasks.with({ runOn: "always" }).addTask(
        (_none: undefined) => {},
        undefined,
      );
      throw new Error("no response");
    }, { strict: strictMode() });
    await handle(new Request("https://example.com/")).catch(() => {});
  });
  assertEquals(lines, []);
});
