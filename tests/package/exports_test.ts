import { assertEquals } from "@std/assert";
import { run } from "../../tools/command.ts";
import { readDenoConfig } from "../../tools/project.ts";
import { test } from "../harness/test.ts";

/** All that users can import. What is added here cannot be taken back before the next major version. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "BackgroundTask",
    "BackgroundTaskConstructor",
    "BackgroundTasks",
    "BackgroundTasksClosedError",
    "BackgroundTasksConstructor",
    "BackgroundTasksEnv",
    "BackgroundTasksHandler",
    "BackgroundTasksMiddleware",
    "BackgroundTasksOptions",
    "DefinedTask",
    "DrainOnShutdownOptions",
    "DrainOptions",
    "DrainReport",
    "DurableTaskOptions",
    "EnqueueContext",
    "EnqueueOptions",
    "FetchApp",
    "HandlerOutcome",
    "HonoContext",
    "InProcessTaskOptions",
    "JsonArguments",
    "JsonOf",
    "JsonValue",
    "NoAppFetch",
    "OverloadArguments",
    "RequestContext",
    "ResolvedWaitUntil",
    "ResponseOutcome",
    "RetryOptions",
    "RunAfterContext",
    "RunContext",
    "RunOn",
    "StoppableServer",
    "StrictMode",
    "TaskAdder",
    "TaskContext",
    "TaskEnqueueError",
    "TaskHandler",
    "TaskMessage",
    "TaskObserver",
    "TaskOptions",
    "TaskPolicy",
    "TaskQueue",
    "TaskQueueFullError",
    "TaskQueueSupport",
    "TaskResponse",
    "TaskRun",
    "TaskRunner",
    "TaskRunnerOptions",
    "TaskRunnerStats",
    "TaskStatus",
    "TaskTimeoutError",
    "TraceContext",
    "WaitUntil",
    "WaitUntilHints",
    "backgroundTasks",
    "defineTask",
    "drain",
    "drainOnShutdown",
    "enqueue",
    "getBackgroundTasks",
    "resolveWaitUntil",
    "task",
    "withBackgroundTasks",
  ],
  "./bullmq": [
    "AnyDefinedTask",
    "BullMQConnection",
    "BullMQJobOptions",
    "BullMQQueue",
    "BullMQQueueOptions",
    "CreateWorkerOptions",
    "JobOptions",
    "MigrateOptions",
    "PostgresAddress",
    "RedisAddress",
    "RedisClient",
    "TaskProcessor",
    "TaskWorker",
    "bullmq",
    "createWorker",
    "migrate",
    "taskProcessor",
  ],
  "./cloudflare-queues": [
    "AnyDefinedTask",
    "CloudflareMessage",
    "CloudflareMessageBatch",
    "CloudflareQueueBinding",
    "QueueHandlerOptions",
    "cloudflareQueue",
    "queueHandler",
  ],
  "./context": [
    "currentBackgroundTasks",
  ],
  "./devtools": [
    "DevtoolsOptions",
    "devtools",
  ],
  "./node": [
    "BackgroundTasksOptions",
    "NodeMiddleware",
    "OutgoingMessage",
    "backgroundTasks",
  ],
  "./observers": ["ConsoleObserverOptions", "consoleObserver"],
  "./otel": [
    "OtelObserverOptions",
    "otelObserver",
  ],
  "./strict": ["StrictMode", "strictMode"],
  "./testing": [
    "CookieJar",
    "ExpectedArguments",
    "ExpectedTask",
    "FetchApp",
    "FetchHandler",
    "MemoryQueue",
    "RecordedTask",
    "TaskMatcher",
    "TaskMoment",
    "TaskReference",
    "TaskStatus",
    "TaskWitness",
    "TestClient",
    "TestClientOptions",
    "TestExecutionContext",
    "TestRequestOptions",
    "TestTasks",
    "VirtualClock",
    "assertNoTasksAdded",
    "assertTaskAdded",
    "assertTaskCount",
    "assertTaskOrder",
    "memoryQueue",
  ],
};

interface Doc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string }[];
}

/** What `deno doc` says of one entry. */
interface Entry {
  readonly module_doc: Doc;
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly {
      readonly jsDoc?: Doc;
      readonly kind: string;
    }[];
  }[];
}

/** What an application calls; it needs an example. A type is explained by the examples of these. */
const CALLED = ["class", "function", "variable"];

const config = readDenoConfig();
for (const [entry, file] of Object.entries(config.exports)) {
  const { module_doc, symbols } = await documented(file);

  test(`${entry} exports these names and no other`, () => {
    assertEquals(symbols.map(({ name }) => name).sort(), EXPORTS[entry]);
  });

  test(`${entry}: what can be called has an example, and everything has docs`, () => {
    const missing = symbols.filter(({ declarations }) => {
      const docs = declarations.flatMap(({ jsDoc }) => jsDoc ?? []);
      const called = declarations.some(({ kind }) => CALLED.includes(kind));
      return called ? !docs.some(hasExample) : docs.every(({ doc }) => !doc);
    });
    assertEquals(missing.map(({ name }) => name), []);
  });

  test(`${entry} begins with what it is, and an example`, () => {
    assertEquals(hasExample(module_doc), true);
    assertEquals(module_doc.tags?.some(({ kind }) => kind === "module"), true);
    assertEquals(Boolean(module_doc.doc), true);
  });
}

function hasExample({ tags = [] }: Doc): boolean {
  return tags.some(({ kind }) => kind === "example");
}

async function documented(file: string): Promise<Entry> {
  const { output } = await run([
    ...[Deno.execPath(), "doc", "--quiet", "--json", file],
  ]);
  const nodes: Record<string, Entry> = JSON.parse(output).nodes;
  return Object.values(nodes)[0]!;
}
