import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { BackgroundTasks, defineTask } from "@postlude/background-tasks";
import { Deadline } from "../../src/task/deadline.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { fakeTime } from "../harness/fake_clock.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { leaveOut } from "../harness/left_out.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { respond, timeline } from "../harness/timeline.ts";
import { withGlobal } from "../harness/with_global.ts";

/** A task that ends when its signal aborts, or never; it tells what it sees. */
const hang = defineTask("hang", ({ signal, deadline }, log: unknown[]) => {
  log.push(deadline);
  return new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => {
      log.push(signal.reason);
      resolve();
    })
  );
});

/** Runs while Vercel tells that it ends the work at `time`. */
function onVercel(time: number, body: () => Promise<void>): Promise<void> {
  const context = { deadline: new Date(time).toISOString() };
  const key = Symbol.for("@vercel/request-context");
  return withGlobal(key, { get: () => context }, body);
}

/** What happened after the tasks were added and started. */
function ends(events: readonly string[]): string[] {
  return events.filter((event) => / (error|end) /.test(event));
}

const REASON = "TimeoutError: Cannot go on: the platform ends the work of " +
  "this request at 1970-01-01T00:00:";

test("deadline aborts what runs and expires what waits, half a second before", async () => {
  const log: unknown[] = [];
  const { tasks, events, advance } = await timeline(
    { deadline: 3_000 },
    (tasks) => {
      tasks.addTask(hang, log);
      tasks.addTask(function later() {});
    },
  );
  assertEquals(log, [3_000]);
  await advance(2_499);
  assertEquals(ends(events), []);
  await advance(1);
  assertEquals(ends(events), [
    `2500 error ${REASON}03.000Z`,
    "2500 end hang #1 expired",
    `2500 error ${REASON}03.000Z`,
    "2500 end later #0 expired",
  ]);
  assertEquals(String(log[1]), `${REASON}03.000Z`);
  assertEquals(tasks.size, 0);
});

test("deadline shorter than its margin leaves half of it to the tasks", async () => {
  const { events, advance } = await timeline(
    { deadline: 100 },
    (tasks) => void tasks.addTask(hang, []),
  );
  await advance(49);
  assertEquals(ends(events), []);
  await advance(1);
  assertEquals(ends(events).at(-1), "50 end hang #1 expired");
});

test("deadline takes its timer back when the tasks have ended", async () => {
  const { tasks, clock } = await timeline(
    { deadline: 3_000 },
    (tasks) => void tasks.addTask(() => {}),
  );
  assertEquals(tasks.size, 0);
  assertEquals(clock.untilNext(), undefined);
});

test("deadline is what Workers document, and unknown elsewhere", async () => {
  const log: unknown[] = [];
  const { clock, runner } = fakeTime();
  const tasks = new BackgroundTasks({ runner });
  tasks.addTask(hang, log);
  await respond(tasks);
  await clock.advance(0);
  const isWorkers = host === "workerd";
  assertEquals(log, [isWorkers ? 30_000 : undefined]);
  assertEquals(clock.untilNext(), isWorkers ? 29_500 : undefined);
});

test("deadline of tasks that run without a response counts from run(); Workers' own does not", async () => {
  const log: unknown[] = [];
  const { clock, runner } = fakeTime();
  await clock.advance(700);
  for (const options of [{}, { deadline: Infinity }, { deadline: 3_000 }]) {
    const tasks = new BackgroundTasks({ runner, ...options });
    tasks.addTask(hang, log);
    tasks.run();
  }
  await until(() => runner.stats().running === 3);
  assertEquals(log, [undefined, undefined, 3_700]);
  assertEquals(clock.untilNext(), 2_500);
});

test("deadline of Infinity sets no timer, on Workers too", async () => {
  const log: unknown[] = [];
  const { clock } = await timeline(
    { deadline: Infinity },
    (tasks) => void tasks.addTask(hang, log),
  );
  assertEquals(log, [undefined]);
  assertEquals(clock.untilNext(), undefined);
});

test("deadline does not count behind a handshake, whose client stays: each message has its task", async () => {
  const ended: string[] = [];
  const { clock, runner } = fakeTime({
    observers: [{
      onEnd: ({ name, status }) => void ended.push(`${name} ${status}`),
    }],
  });
  const tasks = new BackgroundTasks({ runner, deadline: 1_000 });
  tasks.addTask(function first() {});
  await respond(tasks, { status: 101 } as Response);
  await clock.advance(60_000);
  const saving = gate();
  tasks.addTask(function late() {
    return saving.opened;
  });
  await until(() => runner.stats().running === 1);
  await clock.advance(60_000);
  saving.open();
  await runner.drain();
  assertEquals(ended, ["first succeeded", "late succeeded"]);
});

test("deadline goes to console.error, by name, where there is no onTaskError", async () => {
  const lines = await consoleLines("error", async () => {
    const { clock, runner } = fakeTime();
    const tasks = new BackgroundTasks({ runner, deadline: 1_000 });
    tasks.addTask(hang, []);
    await respond(tasks);
    await clock.advance(500);
  });
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /Background task "hang" expired: TimeoutError/);
});

if (host === "workerd") {
  leaveOut("deadline that Vercel tells", "Vercel is not workerd");
} else {
  test("deadline that Vercel tells is known before the response has ended", async () => {
    await onVercel(5_000, async () => {
      const { clock, runner } = fakeTime();
      const reports: string[] = [];
      const tasks = new BackgroundTasks({
        runner,
        onTaskError: (_, { name, status }) =>
          void reports.push(`${clock.now()} ${name} ${status}`),
      });
      const outgoing = {
        closed: false,
        writableFinished: false,
        prependOnceListener() {},
      };
      tasks.addTask(hang, []);
      tasks.runAfter(new Response(), { platform: { outgoing } });
      await clock.advance(4_499);
      assertEquals(reports, []);
      await clock.advance(1);
      assertEquals(reports, ["4500 hang expired"]);
    });
  });

  test("deadline that Vercel tells may be further away than a timer can hold", async () => {
    await onVercel(2 ** 33, async () => {
      const { clock, runner } = fakeTime();
      const tasks = new BackgroundTasks({ runner });
      const task = tasks.addTask(hang, []);
      await respond(tasks);
      assertEquals(clock.untilNext(), 2 ** 31 - 1);
      task.cancel();
    });
  });

  test("deadline that Vercel tells and the option: the earlier one counts", async () => {
    await onVercel(5_000, async () => {
      for (const [deadline, expected] of [[2_000, 2_000], [60_000, 5_000]]) {
        const log: unknown[] = [];
        const { events, advance } = await timeline(
          { deadline: deadline! },
          (tasks) => void tasks.addTask(hang, log),
        );
        await advance(10_000);
        assertEquals(log[0], expected);
        assertEquals(
          ends(events).at(-1),
          `${expected! - 500} end hang #1 expired`,
        );
      }
    });
  });

  test("deadline that has passed expires the tasks, not before addTask() has returned", async () => {
    await onVercel(0, async () => {
      const states: string[] = [];
      const { events } = await timeline({}, (tasks) => {
        states.push(tasks.addTask(hang, []).state);
      });
      assertEquals(states, ["waiting"]);
      assertEquals(ends(events).at(-1)?.endsWith("expired"), true);
    });
  });
}

test("deadline calls onTaskError in the async context of the request", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { clock, runner } = fakeTime();
  for (const request of ["one", "two"]) {
    const tasks = new BackgroundTasks({
      runner,
      deadline: 1_000,
      onTaskError: () => seen.push(storage.getStore()),
    });
    const outgoing = { closed: true, writableFinished: true };
    storage.run(request, () => {
      tasks.runAfter(new Response(), { platform: { outgoing } });
      tasks.addTask(hang, []);
    });
  }
  await new Promise((resolve) => setTimeout(resolve));
  await clock.advance(500);
  assertEquals(seen, ["one", "two"]);
});

test("deadline leaves a promise of onTaskError the time that is left", async () => {
  const { clock, runner } = fakeTime();
  const reported = gate();
  const events: string[] = [];
  const tasks = new BackgroundTasks({
    runner,
    deadline: 1_000,
    waitUntil: (promise) => void promise.then(() => events.push("let go")),
    onTaskError: async (_, { name }) => {
      await reported.opened;
      events.push(name);
    },
  });
  tasks.with({ name: "runs" }).addTask(hang, []);
  tasks.with({ name: "waits" }).addTask(() => {});
  await respond(tasks);
  await clock.advance(500);
  await clock.advance(0);
  assertEquals(events, []);
  reported.open();
  await clock.advance(0);
  assertEquals(events, ["runs", "waits", "let go"]);
});

test("deadline lets the process end before it", () => {
  let unrefs = 0;
  const timer = { unref: () => void unrefs++ };
  const clock = { now: () => 0, setTimeout: () => timer, clearTimeout() {} };
  const deadline = new Deadline(undefined, 1_000, clock);
  deadline.arm(() => {});
  deadline.responseEnded();
  assertEquals(unrefs, 1);
});

test("deadline is checked where it is given", () => {
  for (const deadline of [0, -1, 1.5, NaN]) {
    assertThrows(() => new BackgroundTasks({ deadline }), RangeError);
  }
  const { message } = assertThrows(
    () => new BackgroundTasks({ deadline: Date.UTC(2030) }),
    RangeError,
  );
  assertEquals(
    message,
    `Cannot use deadline ${
      Date.UTC(2030)
    }: it must be an integer from 1 to 2147483647 ` +
      "milliseconds after the response end, or Infinity",
  );
  const text = "30s" as unknown as number;
  assertThrows(() => new BackgroundTasks({ deadline: text }), TypeError);
});
