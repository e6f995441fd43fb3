// deno serve -A examples/otel.ts          (or: bun examples/otel.ts)
import { httpInstrumentationMiddleware } from "@hono/otel";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
} from "@postlude/background-tasks";
import { otelObserver } from "@postlude/background-tasks/otel";
import { Hono } from "hono";

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())], // yours: OTLP
  }),
);

async function sendEmail(_to: string): Promise<void> {
  const span = trace.getTracer("mail").startSpan("smtp"); // below the span of the task
  await new Promise((resolve) => setTimeout(resolve, 50));
  span.end();
}

const app = new Hono<BackgroundTasksEnv>();
app.use(httpInstrumentationMiddleware());
const runner = new TaskRunner({ observers: [otelObserver()] });
app.use(backgroundTasks({ runner }));
app.post("/signup", (c) => {
  c.var.backgroundTasks.addTask(sendEmail, "ada@example.com");
  return c.json({ status: "ok" });
});

export default { port: 8000, fetch: app.fetch };
