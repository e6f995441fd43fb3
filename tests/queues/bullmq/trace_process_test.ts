import { assertEquals, assertMatch } from "@std/assert";
import { context, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { defineTask, enqueue } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { otelObserver } from "@postlude/background-tasks/otel";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";

if (noBullMQ !== undefined) leaveOut("the trace of a durable task", noBullMQ);
for (const { name, start, connection } of engines) {
  test(`createWorker() on ${name} runs a task in the trace of whoever added it`, async () => {
    await using engine = await start();
    const spans = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(spans)],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    const address = connection(engine.url);
    const queue = patientQueue(address);
    const seen: unknown[] = [];
    const task = defineTask("mail", { queue }, () => {
      seen.push(trace.getSpanContext(context.active())?.traceId);
    });
    const request = tracerProvider.getTracer("test").startSpan("POST /signup");
    const id = await context.with(
      trace.setSpan(context.active(), request),
      () => enqueue(task),
    );
    request.end();
    const untraced = await enqueue(task);
    const client = await queue.client();
    const [traced, other] = [
      await client.getJob(id),
      await client.getJob(untraced),
    ];
    assertMatch(
      traced?.data.trace.traceparent,
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
    );
    assertEquals(other?.data.trace, undefined);
    const worker = await createWorker({
      ...address,
      tasks: [task],
      closeOnSignals: false,
      observers: [otelObserver({ tracerProvider })],
    });
    await until(() => seen.length === 2);
    await worker.close();
    await queue.close();
    const { traceId, spanId, traceFlags } = request.spanContext();
    const found = spans.getFinishedSpans()
      .filter((span) => span.name === "process mail");
    assertEquals(traceFlags, TraceFlags.SAMPLED);
    assertEquals(found.map((span) => span.parentSpanContext?.spanId), [
      spanId,
      undefined,
    ]);
    assertEquals(found[0]?.spanContext().traceId, traceId);
    assertEquals(found[0]?.links[0]?.context.spanId, spanId);
    assertEquals(seen[0], traceId);
  });
}
