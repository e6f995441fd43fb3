import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { httpInstrumentationMiddleware } from "@hono/otel";
import {
  context,
  createTraceState,
  type Histogram,
  type HrTime,
  type MetricOptions,
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  enqueue,
  type TaskMessage,
  type TaskObserver,
  type TaskQueue,
  type TaskRun,
  type TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  cloudflareQueue,
  type CloudflareQueueBinding,
  queueHandler,
} from "@postlude/background-tasks/cloudflare-queues";
import { otelObserver } from "@postlude/background-tasks/otel";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { fakeTime } from "../harness/fake_clock.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { respond } from "../harness/timeline.ts";
import { messageFor } from "../queues/contract.ts";
import type { VirtualClock } from "../../src/testing/virtual_clock.ts";

/** The attributes that the conventions want of each metric, and those of our own. */
const SYSTEM = ["messaging.destination.name", "messaging.system"];
const METRICS: Readonly<Record<string, readonly string[]>> = {
  "postlude.task.pending": SYSTEM,
  "postlude.task.running": SYSTEM,
  "postlude.task.ended": [...SYSTEM, "postlude.task.status"],
  "messaging.client.consumed.messages": [...SYSTEM, "messaging.operation.name"],
  "messaging.process.duration": [...SYSTEM, "messaging.operation.name"],
  "messaging.client.sent.messages": [...SYSTEM, "messaging.operation.name"],
  "messaging.client.operation.duration": [
    ...SYSTEM,
    "messaging.operation.name",
    "messaging.operation.type",
  ],
};

const UNITS: Readonly<Record<string, string>> = {
  "postlude.task.pending": "{task}",
  "postlude.task.running": "{task}",
  "postlude.task.ended": "{task}",
  "messaging.client.consumed.messages": "{message}",
  "messaging.process.duration": "s",
  "messaging.client.sent.messages": "{message}",
  "messaging.client.operation.duration": "s",
};

/** A runner that is traced by the real SDK, and what it exports. */
interface Traced {
  readonly observer: TaskObserver;
  readonly runner: TaskRunner;
  readonly clock: VirtualClock;
  readonly tracer: Tracer;
  readonly tracerProvider: BasicTracerProvider;
  spans(): ReadableSpan[];
  span(name: string): ReadableSpan;
  /** `"<metric> <attributes> <value>"` for each series, in the order of the names. */
  metrics(): Promise<string[]>;
}

/** Those of the SDK's attributes that tell two series of a test apart. */
const TOLD = [
  "messaging.destination.name",
  "postlude.task.status",
  "error.type",
];

function traced(): Traced {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spans)],
  });
  const exporter = new InMemoryMetricExporter(
    AggregationTemporality.CUMULATIVE,
  );
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 2 ** 31 - 1,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const observer = otelObserver({ tracerProvider, meterProvider });
  const { clock, runner } = fakeTime({ observers: [observer] });
  return {
    observer,
    runner,
    clock,
    tracer: tracerProvider.getTracer("test"),
    tracerProvider,
    spans: () => spans.getFinishedSpans(),
    span(name) {
      const found = spans.getFinishedSpans().filter((span) =>
        span.name === name
      );
      assertEquals(found.length, 1, `spans named ${name}`);
      return found[0]!;
    },
    async metrics() {
      exporter.reset();
      await reader.forceFlush();
      const [exported] = exporter.getMetrics();
      await reader.shutdown();
      return exported!.scopeMetrics.flatMap(({ metrics }) => metrics).flatMap((
        { descriptor, dataPoints },
      ) =>
        dataPoints.map(({ attributes, value }) => {
          const { "error.type": _, ...always } = attributes;
          const { name, unit } = descriptor;
          assertEquals(
            Object.keys(always).sort(),
            METRICS[name]?.toSorted(),
            name,
          );
          assertEquals(unit, UNITS[name], name);
          const told = TOLD.flatMap((key) => attributes[key] ?? []);
          const figure = typeof value === "number"
            ? value
            : `${value.count}x ${value.sum}${descriptor.unit}`;
          return [descriptor.name, ...told, figure].join(" ");
        })
      ).sort();
    },
  };
}

function eventsOf(span: ReadableSpan): unknown[] {
  return span.events.map(({ name, attributes }) => [
    name,
    attributes?.["postlude.task.attempt"] ?? attributes?.["exception.message"],
  ]);
}

function isBefore([a, b]: HrTime, [c, d]: HrTime): boolean {
  return a < c || (a === c && b <= d);
}

/** Calls a handler inside the span of a request; what it answers or throws is left to itself. */
async function durableRequest(
  { clock, runner, tracer }: Traced,
  handler: (tasks: BackgroundTasks) => Promise<void>,
): Promise<void> {
  const fetch = withBackgroundTasks(async (_request, tasks) => {
    await handler(tasks);
    return new Response("ok");
  }, { runner, onTaskError: () => {} });
  await tracer.startActiveSpan("request", async (span) => {
    await fetch(new Request("http://localhost/")).catch(() => {});
    span.end();
  });
  await clock.advance(0);
}

/** Adds tasks inside the span of a request, which ends before they run, and runs them. */
async function request(
  { clock, runner, tracer }: Traced,
  add: (tasks: BackgroundTasks) => void,
): Promise<void> {
  const { tasks, respond } = openRequest({ runner, onTaskError: () => {} });
  tracer.startActiveSpan("request", (span) => {
    add(tasks);
    span.end();
  });
  await respond();
  // without a server the first task starts some turns later; one behind a delay waits for the clock
  await until(() => {
    const { pending, running } = runner.stats();
    return running > 0 || pending === 0;
  });
  await clock.advance(0);
}

test("otelObserver() makes a span of each task, below the request's and linked to it", async () => {
  const otel = traced();
  await request(otel, (tasks) => {
    tasks.addTask(function sendEmail(_to: string) {}, "ada@example.com");
    tasks.addTask(function audit() {});
  });
  const parent = otel.span("request").spanContext();
  for (const name of ["process sendEmail", "process audit"]) {
    const span = otel.span(name);
    assertEquals(span.parentSpanContext?.spanId, parent.spanId);
    assertEquals(span.spanContext().traceId, parent.traceId);
    assertEquals(span.links.map(({ context }) => context), [parent]);
    assertEquals(span.kind, SpanKind.CONSUMER);
    assertEquals(span.status.code, SpanStatusCode.UNSET);
    assertEquals(isBefore(otel.span("request").endTime, span.startTime), true);
  }
  const { "messaging.message.id": id, ...attributes } =
    otel.span("process sendEmail").attributes;
  assertEquals(typeof id, "string");
  assertEquals(attributes, {
    "messaging.system": "postlude",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "sendEmail",
    "postlude.task.status": "succeeded",
    "postlude.task.attempt": 1,
  });
  assertFalse(
    JSON.stringify(
      otel.spans().map(({ attributes, events }) => [
        attributes,
        events,
      ]),
    ).includes("ada@"),
  );
});

test("otelObserver() makes the span of a task active inside it, in each attempt and after an await", async () => {
  const otel = traced();
  const work = defineTask(
    "work",
    { retry: { attempts: 2, delay: 10, jitter: 0 } },
    async ({ attempt }) => {
      otel.tracer.startSpan(`first ${attempt}`).end();
      await Promise.resolve();
      otel.tracer.startSpan(`second ${attempt}`).end();
      if (attempt === 1) throw new RangeError("too early");
    },
  );
  await request(otel, (tasks) => {
    tasks.addTask(work);
    tasks.addTask(function next() {
      otel.tracer.startSpan("of the next task").end();
    });
  });
  await otel.clock.advance(10);
  const span = otel.span("process work");
  for (const name of ["first 1", "second 1", "first 2", "second 2"]) {
    assertEquals(
      otel.span(name).parentSpanContext?.spanId,
      span.spanContext().spanId,
      name,
    );
  }
  assertEquals(
    otel.span("of the next task").parentSpanContext?.spanId,
    otel.span("process next").spanContext().spanId,
  );
  assertEquals(eventsOf(span), [
    ["attempt", 1],
    ["exception", "too early"],
    ["attempt", 2],
  ]);
  assertEquals(span.status.code, SpanStatusCode.UNSET);
});

test("otelObserver() tells the class of an error, by the name it has or was given", async () => {
  class MailError extends Error {}
  class BounceError extends MailError {
    override readonly name = "MailBounced";
  }
  class LateError extends TypeError {}
  const renamed = Object.assign(new Error("renamed"), { name: "Renamed" });
  const errors: [Error, string][] = [
    [new Error("plain"), "Error"],
    [new MailError("lost"), "MailError"],
    [new BounceError("back"), "MailBounced"],
    [new LateError("late"), "LateError"],
    [new (class extends Error {})("nameless"), "Error"],
    [renamed, "Renamed"],
    [new DOMException("slow", "TimeoutError"), "TimeoutError"],
  ];
  const otel = traced();
  await request(otel, (tasks) => {
    for (const [error] of errors) {
      const { message: name } = error;
      tasks.with({ name }).addTask(() => Promise.reject(error));
    }
  });
  assertEquals(
    errors.map(([{ message }]) =>
      otel.span(`process ${message}`).attributes["error.type"]
    ),
    errors.map(([, type]) => type),
  );
});

test("otelObserver() records what a task failed with", async () => {
  const otel = traced();
  await request(otel, (tasks) => {
    tasks.addTask(function fails() {
      throw new RangeError("out of stamps");
    });
    tasks.addTask(function odd() {
      throw Object.create(null);
    });
    tasks.with({ timeout: 50 }).addTask(function hangs() {
      return new Promise(() => {});
    });
  });
  await otel.clock.advance(50);
  const seen = ["fails", "odd", "hangs"].map((name) => {
    const { attributes, status, events } = otel.span(`process ${name}`);
    return [
      attributes["postlude.task.status"],
      attributes["error.type"],
      status.code === SpanStatusCode.ERROR && status.message,
      events.length,
    ];
  });
  const timeout =
    'Cannot finish task "hangs": the attempt took longer than its timeout of 50 ms';
  assertEquals(seen, [
    ["failed", "RangeError", "out of stamps", 2],
    ["failed", "_OTHER", "an error that has no text", 2],
    ["timed-out", "TaskTimeoutError", timeout, 2],
  ]);
  const [, exception] = otel.span("process fails").events;
  assertEquals(exception?.attributes?.["exception.type"], "RangeError");
  assertEquals(
    String(exception?.attributes?.["exception.stacktrace"]).includes(
      "out of stamps",
    ),
    true,
  );
});

test("otelObserver() ends the span of a task whose error throws when it is read", async () => {
  const reads = ["name", "message", "stack", "constructor"];
  const otel = traced();
  await request(otel, (tasks) => {
    for (const name of reads) {
      const error = Object.defineProperty(new Error("hidden"), name, {
        get() {
          throw new TypeError(`no ${name} to read`);
        },
      });
      tasks.with({ name }).addTask(() => Promise.reject(error));
    }
  });
  const seen = reads.map((name) => {
    const { status, ended } = otel.span(`process ${name}`);
    return [status.code, ended];
  });
  assertEquals(seen, reads.map(() => [SpanStatusCode.ERROR, true]));
});

test("otelObserver() calls a task that expired or was abandoned a fault", async () => {
  const otel = traced();
  const hang = (): Promise<never> => new Promise(() => {});
  for (const deadline of [10_000, undefined]) {
    const name = deadline === undefined ? "abandoned" : "expired";
    const tasks = new BackgroundTasks({
      runner: otel.runner,
      onTaskError: () => {},
      ...(deadline !== undefined && { deadline }),
    });
    tasks.with({ name }).addTask(hang);
    await respond(tasks);
    await otel.clock.advance(10_000);
  }
  await otel.runner.drain({ signal: AbortSignal.abort() });
  for (const status of ["expired", "abandoned"]) {
    const { attributes, status: { code } } = otel.span(`process ${status}`);
    assertEquals(
      [attributes["postlude.task.status"], code],
      [status, SpanStatusCode.ERROR],
    );
    assertEquals(typeof attributes["error.type"], "string");
  }
});

test("otelObserver() asks for the buckets that the conventions recommend", () => {
  const buckets: unknown[] = [];
  const meter = metrics.getMeter("none");
  const meterProvider = {
    getMeter: () =>
      Object.create(meter, {
        createHistogram: {
          value(name: string, { advice }: MetricOptions): Histogram {
            buckets.push(advice?.explicitBucketBoundaries);
            return meter.createHistogram(name);
          },
        },
      }),
  };
  otelObserver({ meterProvider });
  const recommended = [
    ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1],
    ...[2.5, 5, 7.5, 10],
  ];
  assertEquals(buckets, [recommended, recommended]);
});

test("otelObserver() makes a span of a task that never starts, and calls it no error", async () => {
  const otel = traced();
  await request(otel, (tasks) => {
    tasks.addTask(function never() {}).cancel("changed my mind");
    tasks.with({ runOn: "failure" }).addTask(function onlyOnFailure() {});
  });
  const seen = ["never", "onlyOnFailure"].map((name) => {
    const span = otel.span(`process ${name}`);
    return [
      span.attributes["postlude.task.status"],
      span.status.code,
      eventsOf(span),
      span.parentSpanContext?.spanId ===
        otel.span("request").spanContext().spanId,
    ];
  });
  assertEquals(seen, [
    ["cancelled", SpanStatusCode.UNSET, [], true],
    ["discarded", SpanStatusCode.UNSET, [], true],
  ]);
});

test("otelObserver() measures pending, running, duration and outcome", async () => {
  const otel = traced();
  await request(otel, (tasks) => {
    tasks.with({ name: "quick" }).addTask(() => {
      throw new TypeError("no");
    });
    tasks.with({ name: "slow" }).addTask(() =>
      new Promise((resolve) => otel.clock.setTimeout(() => resolve(0), 250))
    );
    tasks.with({ name: "waits" }).addTask(() => new Promise(() => {}));
    tasks.with({ name: "waits" }).addTask(() => {});
  });
  await otel.clock.advance(250);
  assertEquals(await otel.metrics(), [
    "messaging.client.consumed.messages quick TypeError 1",
    "messaging.client.consumed.messages slow 1",
    "messaging.process.duration quick TypeError 1x 0s",
    "messaging.process.duration slow 1x 0.25s",
    "postlude.task.ended quick failed TypeError 1",
    "postlude.task.ended slow succeeded 1",
    "postlude.task.pending quick 0",
    "postlude.task.pending slow 0",
    "postlude.task.pending waits 2",
    "postlude.task.running quick 0",
    "postlude.task.running slow 0",
    "postlude.task.running waits 1",
  ]);
  await otel.runner.drain({ signal: AbortSignal.abort() });
});

test("otelObserver() makes a producer's span of a hand-over, and calls no work ended", async () => {
  const otel = traced();
  const queue = memoryQueue();
  const charge = defineTask("charge", { queue }, (_, _cents: number) => {});
  await otel.clock.advance(1); // a number so small is a time of `performance.now()` to the SDK
  await durableRequest(otel, async (tasks) => {
    tasks.addTask(charge, 42);
    await otel.clock.advance(250);
  });
  const span = otel.span("send charge");
  const parent = otel.span("request").spanContext();
  assertEquals(span.kind, SpanKind.PRODUCER);
  assertEquals(span.parentSpanContext?.spanId, parent.spanId);
  assertEquals(span.links, []);
  assertEquals(span.status.code, SpanStatusCode.UNSET);
  const [start, end] = [[0, 1_000_000], [0, 251_000_000]];
  assertEquals([span.startTime, span.endTime], [start, end]);
  assertEquals(span.attributes, {
    "messaging.system": "postlude",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    "messaging.destination.name": "charge",
    "messaging.message.id": queue.messages[0]?.id,
  });
  assertEquals(otel.spans().length, 2);
  assertEquals(await otel.metrics(), [
    "messaging.client.operation.duration charge 1x 0.25s",
    "messaging.client.sent.messages charge 1",
    "postlude.task.pending charge 0",
  ]);
});

test("otelObserver() makes a producer's span of a hand-over without a request, below the span that is active", async () => {
  const otel = traced();
  const queue = memoryQueue();
  const charge = defineTask("charge", { queue }, (_, _cents: number) => {});
  const id = await otel.tracer.startActiveSpan("cron", async (cron) => {
    const { runner } = otel;
    const id = await enqueue({ runner }, charge, 42);
    cron.end();
    return id;
  });
  const span = otel.span("send charge");
  assertEquals(span.kind, SpanKind.PRODUCER);
  const parent = otel.span("cron").spanContext();
  assertEquals(span.parentSpanContext?.spanId, parent.spanId);
  assertEquals(span.attributes["messaging.message.id"], id);
  assertEquals(await otel.metrics(), [
    "messaging.client.operation.duration charge 1x 0s",
    "messaging.client.sent.messages charge 1",
    "postlude.task.pending charge 0",
  ]);
});

test("otelObserver() tells of a hand-over that was refused", async () => {
  const otel = traced();
  const queue = memoryQueue();
  queue.refuse("not-queued");
  const charge = defineTask("charge", { queue }, () => {});
  await durableRequest(otel, async (tasks) => {
    tasks.addTask(charge);
    await Promise.resolve();
  });
  const { attributes, events, kind, status } = otel.span("send charge");
  assertEquals(kind, SpanKind.PRODUCER);
  assertEquals(attributes["error.type"], "TaskEnqueueError");
  assertEquals(status, {
    code: SpanStatusCode.ERROR,
    message: 'Cannot hand task "charge" to memory: the test refuses it',
  });
  assertEquals(events.map(({ name }) => name), ["exception"]);
  assertEquals(await otel.metrics(), [
    "messaging.client.operation.duration charge TaskEnqueueError 1x 0s",
    "messaging.client.sent.messages charge TaskEnqueueError 1",
    "postlude.task.pending charge 0",
  ]);
});

test("otelObserver() sends no span of a durable task that is not handed over", async () => {
  const otel = traced();
  const queue = memoryQueue();
  const charge = defineTask("charge", { queue, runOn: "failure" }, () => {});
  const refund = defineTask("refund", { queue }, () => {});
  await durableRequest(otel, async (tasks) => {
    tasks.addTask(charge);
    tasks.addTask(refund).cancel();
    await Promise.resolve();
  });
  assertEquals(
    ["charge", "refund"].map((name) =>
      otel.span(`process ${name}`).attributes["postlude.task.status"]
    ),
    ["discarded", "cancelled"],
  );
  assertEquals(await otel.metrics(), [
    "postlude.task.ended charge discarded 1",
    "postlude.task.ended refund cancelled 1",
    "postlude.task.pending charge 0",
    "postlude.task.pending refund 0",
  ]);
});

test("otelObserver() tells a task whose runOn throws from a hand-over", async () => {
  const otel = traced();
  await request(otel, (tasks) => {
    tasks.with({
      name: "asks",
      runOn: () => {
        throw new RangeError("no answer");
      },
    }).addTask(() => {});
  });
  const { attributes } = otel.span("process asks");
  assertEquals([
    attributes["postlude.task.status"],
    attributes["error.type"],
  ], ["failed", "RangeError"]);
});

test("otelObserver() ends the span of a task that never started, and failed with what nobody can look at", async () => {
  const otel = traced();
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  await request(otel, (tasks) => {
    tasks.with({
      name: "asks",
      runOn: () => {
        throw proxy;
      },
    }).addTask(() => {});
  });
  const { attributes } = otel.span("process asks");
  assertEquals([
    attributes["postlude.task.status"],
    attributes["error.type"],
  ], ["failed", "_OTHER"]);
  assertEquals(await otel.metrics(), [
    "postlude.task.ended asks failed _OTHER 1",
    "postlude.task.pending asks 0",
  ]);
});

test("otelObserver() counts a durable task once where it is added and where it runs", async () => {
  const otel = traced();
  const queue = memoryQueue();
  const charge = defineTask("charge", { queue }, (_, works: boolean) => {
    if (!works) throw new TypeError("no money");
  });
  const handler = queueHandler([charge], {
    observers: [otel.observer],
    onTaskError: () => {},
  });
  await durableRequest(otel, async (tasks) => {
    tasks.addTask(charge, true);
    tasks.addTask(charge, false);
    await Promise.resolve();
  });
  for (const body of queue.messages) {
    const message = { body, attempts: 1, ack: () => {}, retry: () => {} };
    await handler({ messages: [message] });
  }
  const lines = await otel.metrics();
  assertEquals(
    lines.filter((line) => /ended|sent|consumed|pending|running/.test(line)),
    [
      "messaging.client.consumed.messages charge 1",
      "messaging.client.consumed.messages charge TypeError 1",
      "messaging.client.sent.messages charge 2",
      "postlude.task.ended charge failed TypeError 1",
      "postlude.task.ended charge succeeded 1",
      "postlude.task.pending charge 0",
      "postlude.task.running charge 0",
    ],
  );
  assertEquals(otel.spans().map(({ name }) => name).sort(), [
    ...["process charge", "process charge", "request"],
    ...["send charge", "send charge"],
  ]);
});

test("otelObserver() tells a hand-over from a worker of the same process that is quicker", async () => {
  const otel = traced();
  const inner = memoryQueue();
  const work = async (messages: readonly TaskMessage[]): Promise<void> => {
    await inner.enqueue(messages, { platform: undefined });
    for (const body of messages) {
      const message = { body, attempts: 1, ack: () => {}, retry: () => {} };
      running = handler({ messages: [message] });
      await started.opened;
    }
  };
  const queue: TaskQueue = {
    ...inner,
    supports: inner.supports,
    enqueue: work,
  };
  const [started, held] = [gate(), gate()];
  let running: Promise<void> | undefined;
  const charge = defineTask("charge", { queue }, () => {
    started.open();
    return held.opened;
  });
  const handler = queueHandler([charge], { observers: [otel.observer] });
  await durableRequest(otel, async (tasks) => {
    tasks.addTask(charge);
    await Promise.resolve();
  });
  assertEquals(otel.spans().map(({ name }) => name), [
    "send charge",
    "request",
  ]);
  held.open();
  await running;
  assertEquals(otel.span("process charge").events.length, 1);
  assertEquals(
    (await otel.metrics()).filter((line) => /pending|ended|sent/.test(line)),
    [
      "messaging.client.sent.messages charge 1",
      "postlude.task.ended charge succeeded 1",
      "postlude.task.pending charge 0",
    ],
  );
});

for (const attempt of [0, 1]) {
  test(`otelObserver() keeps nothing of a task that has ended, added with attempt ${attempt}`, () => {
    const { observer } = traced();
    const run: TaskRun = {
      id: "1",
      name: "work",
      attempt,
      status: "running",
      addedAt: 0,
      startedAt: 0,
      endedAt: undefined,
      error: undefined,
    };
    const active = (): boolean => {
      let span: unknown;
      observer.around?.(run, () => span = trace.getActiveSpan());
      return span !== undefined;
    };
    assertEquals(active(), false);
    observer.onAdd?.(run);
    observer.onStart?.(run);
    assertEquals(active(), true);
    observer.onEnd?.({ ...run, status: "succeeded", endedAt: 1 });
    assertEquals(active(), false);
  });
}

test("otelObserver() measures no time below nothing where a clock is put back", async () => {
  const otel = traced();
  const { observer } = otel;
  const run: TaskRun = {
    id: "1",
    name: "late",
    attempt: 1,
    status: "succeeded",
    addedAt: 10,
    startedAt: 10,
    endedAt: 5,
    error: undefined,
  };
  for (const startedAt of [10, undefined]) {
    observer.onAdd?.(run);
    if (startedAt !== undefined) observer.onStart?.(run);
    observer.onEnd?.({ ...run, startedAt });
  }
  assertEquals(
    (await otel.metrics()).filter((line) => line.includes("duration")),
    [
      "messaging.client.operation.duration late 1x 0s",
      "messaging.process.duration late 1x 0s",
    ],
  );
});

test("otelObserver() puts the tasks of a Hono app below the span that @hono/otel makes", async () => {
  const otel = traced();
  const app = new Hono<BackgroundTasksEnv>();
  const { tracerProvider } = otel;
  app.use(httpInstrumentationMiddleware({ tracerProvider }));
  app.use(backgroundTasks({ runner: otel.runner }));
  app.post("/signup/:plan", (c) => {
    c.var.backgroundTasks.addTask(function sendEmail() {
      otel.tracer.startSpan("smtp").end();
    });
    return c.text("ok");
  });
  await Promise.all(
    ["free", "paid"].map((plan) =>
      app.request(`/signup/${plan}`, { method: "POST" })
    ),
  );
  await otel.runner.drain();
  const spans = otel.spans();
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const parent = (span: ReadableSpan | undefined): ReadableSpan | undefined =>
    byId.get(span?.parentSpanContext?.spanId ?? "");
  const mails = spans.filter(({ name }) => name === "smtp");
  const paths = mails.map((mail) => [
    parent(mail)?.name,
    parent(parent(mail))?.name,
    parent(parent(mail))?.attributes["url.full"],
  ]);
  assertEquals(paths, [
    ["process sendEmail", "POST /signup/:plan", "http://localhost/signup/free"],
    ["process sendEmail", "POST /signup/:plan", "http://localhost/signup/paid"],
  ]);
});

test("otelObserver() without an SDK does nothing, and refuses wrong options", async () => {
  trace.disable();
  const { clock, runner } = fakeTime({ observers: [otelObserver()] });
  const tasks = new BackgroundTasks({ runner });
  const ran: string[] = [];
  tasks.addTask(() => ran.push("task"));
  await respond(tasks);
  await clock.advance(0);
  assertEquals(ran, ["task"]);
  assertThrows(() => otelObserver({ tracer: 1 } as never), TypeError);
  for (const option of ["tracerProvider", "meterProvider"]) {
    assertThrows(
      () => otelObserver({ [option]: {} }),
      TypeError,
      `Cannot use ${option} an object: write the provider of an OpenTelemetry SDK`,
    );
  }
});

test("otelObserver() of a worker makes a span of each attempt, active while the task runs", async () => {
  const { observer, span, spans, tracer, metrics } = traced();
  const queue = cloudflareQueue((env: { TASKS: CloudflareQueueBinding }) =>
    env.TASKS
  );
  const work = defineTask("work", { queue }, ({ attempt }, what: string) => {
    tracer.startSpan(`query ${attempt}`).end();
    if (attempt === 1) throw new Error(what);
  });
  const handler = queueHandler([work], { observers: [observer] });
  const body = messageFor(0, {
    task: "work",
    args: ["no"],
    retry: { attempts: 2, delay: 0, factor: 2, jitter: 0 },
  });
  for (const attempts of [1, 2]) {
    await handler({
      messages: [{ body, attempts, ack: () => {}, retry: () => {} }],
    });
  }
  const processed = spans().filter(({ name }) => name === "process work");
  assertEquals(
    processed.map(({ status, attributes }) => [
      status.code,
      attributes["messaging.message.id"] === body.id,
      attributes["postlude.task.attempt"],
      attributes["postlude.task.status"],
    ]),
    [
      [SpanStatusCode.ERROR, true, 1, "failed"],
      [SpanStatusCode.UNSET, true, 2, "succeeded"],
    ],
  );
  assertEquals(
    [1, 2].map((n) => span(`query ${n}`).parentSpanContext?.spanId),
    processed.map((span) => span.spanContext().spanId),
  );
  assertEquals(
    (await metrics()).filter((line) => line.includes("running")),
    ["postlude.task.running work 0"],
  );
});

test("otelObserver() of a worker ends a span of each delivery, of the same attempt at the same time too", async () => {
  const { observer, spans, metrics } = traced();
  const queue = memoryQueue();
  const work = defineTask("work", { queue }, () => {});
  const handler = queueHandler([work], { observers: [observer] });
  const body = messageFor(0, { task: "work", args: [] });
  const message = { body, attempts: 1, ack: () => {}, retry: () => {} };
  await handler({ messages: [message, message] });
  assertEquals(spans().map(({ name }) => name), [
    "process work",
    "process work",
  ]);
  assertEquals(
    new Set(spans().map((span) => span.spanContext().spanId)).size,
    2,
  );
  assertEquals(
    (await metrics()).filter((line) => /pending|running|ended/.test(line)),
    [
      "postlude.task.ended work succeeded 2",
      "postlude.task.pending work 0",
      "postlude.task.running work 0",
    ],
  );
});

test("otelObserver() of a worker keeps what tracing systems say of the trace", async () => {
  const { observer, span } = traced();
  const sent: TaskMessage[] = [];
  const TASKS: CloudflareQueueBinding = {
    sendBatch(messages) {
      for (const { body } of messages) sent.push(body as TaskMessage);
      return Promise.resolve();
    },
  };
  const queue = cloudflareQueue((env: { TASKS: CloudflareQueueBinding }) =>
    env.TASKS
  );
  const seen: unknown[] = [];
  const work = defineTask("work", { queue }, () => {
    const state = trace.getActiveSpan()!.spanContext().traceState!;
    seen.push(state.serialize(), state.get("b"), state.get("c"));
    seen.push(state.set("b", "3").serialize(), state.unset("a").serialize());
  });
  const request = trace.wrapSpanContext({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    traceState: createTraceState("a=1,b=2"),
  });
  await context.with(
    trace.setSpan(context.active(), request),
    () => enqueue({ platform: { TASKS } }, work),
  );
  const message = { body: sent[0], attempts: 1, ack() {}, retry() {} };
  const expected = ["a=1,b=2", "2", undefined, "b=3,a=1", "b=2"];
  await queueHandler([work])({ messages: [message] });
  assertEquals(seen.splice(0), expected);
  // what the SDK makes of it
  await queueHandler([work], { observers: [observer] })({
    messages: [message],
  });
  assertEquals(seen, expected);
  const { traceState } = span("process work").spanContext();
  assertEquals(traceState?.serialize(), "a=1,b=2");
});
