import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { httpInstrumentationMiddleware } from "@hono/otel";
import {
  context,
  type HrTime,
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
  type TaskObserver,
  type TaskRunner,
} from "@postlude/background-tasks";
import {
  cloudflareQueue,
  type CloudflareQueueBinding,
  queueHandler,
} from "@postlude/background-tasks/cloudflare-queues";
import { otelObserver } from "@postlude/background-tasks/otel";
import { Hono } from "hono";
import { fakeTime } from "../harness/fake_clock.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { respond } from "../harness/timeline.ts";
import { messageFor } from "../queues/contract.ts";
import type { VirtualClock } from "../../src/testing/virtual_clock.ts";

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
  await new Promise((resolve) => setTimeout(resolve, 5)); // XX
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
