import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  defineTask,
  getBackgroundTasks,
  TaskRunner,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { nothingShared, testUnless } from "./harness/left_out.ts";
import { test } from "./harness/test.ts";

/**
 * A request and its response, as Node's `http` hands them over, and the end of it: a response that is
 * not ended stays open for a shutdown that another test begins.
 */
function exchange() {
  const listeners: (() => void)[] = [];
  const res = {
    statusCode: 200,
    headersSent: false,
    writableFinished: false,
    closed: false,
    prependOnceListener: (event: "close", listener: () => void) =>
      event === "close" && listeners.push(listener),
  };
  const end = (): void => {
    res.headersSent = res.writableFinished = res.closed = true;
    for (const listener of listeners) listener();
  };
  return { req: {}, res, listeners, end };
}

testUnless(
  nothingShared,
  "backgroundTasks() of ./node starts tasks when the response has closed, and not before",
  async () => {
    const runner = new TaskRunner();
    const events: string[] = [];
    const { req, res, end, listeners } = exchange();
    const returned = backgroundTasks({ runner })(req, res, () => {
      getBackgroundTasks(req).addTask(() => void events.push("task"));
      return "what next returned";
    });
    assertEquals(returned, "what next returned");
    for (let i = 0; i < 3; i++) await new Promise((r) => setTimeout(r, 1));
    assertEquals([events, listeners.length], [[], 1]);
    end();
    await runner.drain();
    assertEquals(events, ["task"]);
  },
);

test("backgroundTasks() of ./node adds no listener where nobody adds a task", () => {
  const { req, res, end, listeners } = exchange();
  backgroundTasks()(req, res, () => {});
  assertEquals([listeners.length, getBackgroundTasks(req).size], [0, 0]);
  end();
});

test("backgroundTasks() of ./node, registered twice, is one queue", async () => {
  const { req, res, end } = exchange();
  const queues: unknown[] = [];
  const see = (): void => void queues.push(getBackgroundTasks(req));
  await backgroundTasks()(req, res, async () => {
    see();
    await Promise.resolve();
    backgroundTasks()(req, res, see);
  });
  backgroundTasks()(req, res, see); // the first one has settled
  assertEquals(queues.length, 3);
  for (const queue of queues) assertStrictEquals(queue, queues[0]);
  end();
});

test("backgroundTasks() of ./node takes what next throws or rejects with for a failure", async () => {
  for (const isAsync of [false, true]) {
    const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
    const events: string[] = [];
    const { req, res, end } = exchange();
    const next = (): never => {
      for (const runOn of ["success", "failure"] as const) {
        getBackgroundTasks(req).with({ runOn }).addTask(() =>
          void events.push(runOn)
        );
      }
      throw new RangeError("handler failed");
    };
    const door = backgroundTasks({ runner });
    const call = isAsync
      ? () => door(req, res, () => Promise.resolve().then(next))
      : async () => await door(req, res, next);
    await assertRejects(call, RangeError, "handler failed");
    end();
    await runner.drain();
    assertEquals(events, ["failure"]);
  }
});

test("failureStatus of ./node goes by the status that was sent, and an error handler's tasks run", async () => {
  for (const status of [200, 500]) {
    const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
    const events: string[] = [];
    const { req, res, end } = exchange();
    const add = (name: string): void => {
      getBackgroundTasks(req).addTask(() => void events.push(name));
    };
    backgroundTasks({ runner, failureStatus: 500 })(req, res, () => {
      add("handler");
    });
    res.statusCode = status; // as a framework answers what a handler throws
    res.headersSent = true;
    add("error handler");
    end();
    await runner.drain();
    const expected = status === 200 ? ["handler"] : [];
    assertEquals(events, [...expected, "error handler"]);
  }
});

test("backgroundTasks() of ./node refuses durable tasks, and calls it does not know, with what to write", () => {
  const durable = defineTask("send", { queue: memoryQueue() }, () => {});
  const { req, res, end } = exchange();
  const door = backgroundTasks();
  door(req, res, () => {
    assertThrows(
      () => getBackgroundTasks(req).addTask(durable),
      TypeError,
      'Cannot add durable task "send": a handler of (req, res) sends its response itself',
    );
  });
  end();
  const calls: unknown[][] = [
    [],
    [req],
    [req, res],
    [req, {}, () => {}],
    [{ req, res }, () => {}],
    [new Request("https://example.com/"), new Response(), () => {}],
  ];
  for (const args of calls) {
    assertThrows(
      () => (door as (...args: unknown[]) => unknown)(...args),
      TypeError,
      "with Koa app.use((ctx, next) => door(ctx.req, ctx.res, next))",
    );
  }
  assertThrows(
    () => backgroundTasks({ timeouts: 1 } as never),
    TypeError,
    "timeouts",
  );
});

testUnless(
  nothingShared,
  "backgroundTasks() of ./node tells no status of a response that was never sent",
  async () => {
    const runner = new TaskRunner();
    const seen: unknown[] = [];
    const { req, res, end } = exchange();
    backgroundTasks({ runner })(req, res, () => {
      const tasks = getBackgroundTasks(req);
      tasks.with({ runOn: (_, { status }) => seen.push(status) > 0 })
        .addTask(() => {});
    });
    end();
    res.headersSent = false; // the client left before there was an answer
    await runner.drain();
    assertEquals(seen, [undefined]);
  },
);

for (const hasLeft of [false, true]) {
  const expected = hasLeft ? "aborted" : "sent";
  testUnless(
    nothingShared,
    `backgroundTasks() of ./node takes a response for ${expected} whose connection has ended, and that ${
      hasLeft ? "still has" : "has given back"
    } its connection`,
    async () => {
      const runner = new TaskRunner();
      const seen: unknown[] = [];
      const { req, res, end } = exchange();
      const socket = { destroyed: true, writableFinished: true };
      Object.assign(res, { socket: hasLeft ? socket : null, req: { socket } });
      backgroundTasks({ runner })(req, res, () => {
        const tasks = getBackgroundTasks(req);
        tasks.with({ runOn: (_, { outcome }) => seen.push(outcome) > 0 })
          .addTask(() => {});
      });
      end(); // before Node 24 it counts as finished when it is ended behind the client's back
      await runner.drain();
      assertEquals(seen, [expected]);
    },
  );
}

for (
  const [socket, expected] of [[{ destroyed: true }, "aborted"], [
    {},
    "unknown",
  ]] as const
) {
  testUnless(
    nothingShared,
    `backgroundTasks() of ./node takes a response that closed unwritten for ${expected} with the connection ${
      JSON.stringify(socket)
    }`,
    async () => {
      const runner = new TaskRunner();
      const seen: unknown[] = [];
      const { req, res, end } = exchange();
      Object.assign(res, { req: { socket } });
      backgroundTasks({ runner })(req, res, () => {
        const tasks = getBackgroundTasks(req);
        tasks.with({ runOn: (_, { outcome }) => seen.push(outcome) > 0 })
          .addTask(() => {});
      });
      end();
      res.writableFinished = false; // as light-my-request leaves it
      await runner.drain();
      assertEquals(seen, [expected]);
    },
  );
}

test("backgroundTasks() of ./node refuses a request in the place of its response", () => {
  const { req } = exchange();
  const request = { ...req, prependOnceListener: () => {} };
  assertThrows(
    () => backgroundTasks()(request, request as never, () => {}),
    TypeError,
    "it wants Node's request, its response and next",
  );
});
