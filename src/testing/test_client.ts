import { describeValue } from "../check/check.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { format } from "../check/format.ts";
import { intercept } from "../request/interception.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import { Scheduler } from "../runner/scheduler.ts";
import { TestExecutionContext } from "./execution_context.ts";
import { InterceptedRequest } from "./intercepted_request.ts";
import type { RecordedTask } from "./recorded_task.ts";
import { TaskLog } from "./task_log.ts";
import {
  checkApp,
  checkClientOptions,
  type FetchApp,
  type FetchHandler,
  type TestClientOptions,
} from "./test_client_options.ts";
import { createRequest, type TestRequestOptions } from "./test_request.ts";
import { hasFailed, LoggedTasks, type TestTasks } from "./test_tasks.ts";

/**
 * Calls an app as a runtime would, without a server, and sees the background tasks of its requests.
 *
 * The app needs no change. A request resolves when its body has been read to the end and its tasks
 * have ended, those included that tasks or a stream added. A body that never ends, such as an
 * event stream's, is not for this client.
 *
 * @example Test a signup
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv } from "@postlude/background-tasks";
 * import { assertTaskAdded, TestClient } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const sendEmail = (to: string) => { sent.push(to); };
 * const app = new Hono<BackgroundTasksEnv>();
 * app.use(backgroundTasks());
 * app.post("/signup", async (c) => {
 *   const { email } = await c.req.json();
 *   c.var.backgroundTasks.addTask(sendEmail, email);
 *   return c.json({ status: "ok" });
 * });
 *
 * const client = new TestClient(app);
 * const response = await client.post("/signup", { json: { email: "ada@example.com" } });
 * assertEquals(await response.json(), { status: "ok" });
 * assertTaskAdded(client, sendEmail, ["ada@example.com"]);
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 */
export class TestClient {
  /** The tasks of every request so far, and what became of them. */
  readonly tasks: TestTasks;
  readonly #app: FetchApp;
  readonly #options: TestClientOptions;
  readonly #log: TaskLog;
  readonly #scheduler: Scheduler | undefined;

  /**
   * Creates a client.
   *
   * @param app The app, or its fetch handler.
   * @param options What to call it with, and what to do with its tasks.
   * @throws {TypeError} If the app or an option is of the wrong kind.
   * @throws {RangeError} If `tasks` is none of its three words.
   */
  constructor(app: FetchApp | FetchHandler, options: TestClientOptions = {}) {
    checkClientOptions(options);
    const { tasks = "run", clock } = options;
    this.#app = checkApp(app);
    this.#options = options;
    this.#log = new TaskLog(tasks !== "run", clock);
    this.#scheduler = tasks === "record" ? hiddenScheduler(clock) : undefined;
    this.tasks = new LoggedTasks(this.#log, (tasks) => this.#raise(tasks));
  }

  /** Sends a GET request. See {@linkcode TestClient.request}. */
  get(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("GET", path, options);
  }

  /** Sends a POST request. See {@linkcode TestClient.request}. */
  post(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("POST", path, options);
  }

  /** Sends a PUT request. See {@linkcode TestClient.request}. */
  put(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("PUT", path, options);
  }

  /** Sends a PATCH request. See {@linkcode TestClient.request}. */
  patch(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("PATCH", path, options);
  }

  /** Sends a DELETE request. See {@linkcode TestClient.request}. */
  delete(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("DELETE", path, options);
  }

  /**
   * Sends a request, reads its body whole and waits for its tasks.
   *
   * @param path The path, or a whole URL; the host is `localhost` unless it says otherwise.
   * @param options What to send.
   * @returns The response; its body can still be read.
   * @throws {TypeError} If there is no path, an option is unknown or of the wrong kind, or there is
   * more than one body.
   * @throws {Error} If a task fails, unless `raiseTaskErrors` is `false`. What the handler or the
   * body throws itself is thrown as it is, once the tasks have ended.
   */
  async request(
    path: string | URL,
    options: TestRequestOptions = {},
  ): Promise<Response> {
    const request = createRequest(path, options);
    const { clock, executionCtx, env = {} } = this.#options;
    const context = executionCtx ?? new TestExecutionContext();
    const exchange = new InterceptedRequest(this.#log, clock, this.#scheduler);
    intercept(request, exchange);
    if (executionCtx === undefined) intercept(context, exchange);
    const answer = await answerOf(
      () => callApp(this.#app, request, env, context),
      exchange,
    );
    await this.#finish(exchange, context);
    if ("error" in answer) throw answer.error;
    this.#raise(exchange.tasks.map((state) => this.#log.recordingOf(state)));
    return answer.response;
  }

  async #send(
    method: string,
    path: string | URL,
    options: TestRequestOptions | undefined,
  ): Promise<Response> {
    const other = options?.method ?? method;
    if (other === method) {
      return await this.request(path, { ...options, method });
    }
    const written = describeValue(other);
    throw new TypeError(
      `Cannot send a ${method} with method ${written}: write client.request(path, { method: ${written} })`,
    );
  }

  /** Waits for what the request has left behind, unless the tasks are held back. */
  async #finish(exchange: InterceptedRequest, context: object): Promise<void> {
    const { tasks = "run", raiseTaskErrors = true } = this.#options;
    if (tasks === "run") {
      await this.#log.waitWhile(() =>
        exchange.tasks.some((state) => !state.hasEnded)
      );
    }
    if (tasks === "manual" || !(context instanceof TestExecutionContext)) {
      return;
    }
    try {
      await context.wait();
    } catch (error) {
      if (raiseTaskErrors) throw error;
    }
  }

  #raise(tasks: readonly RecordedTask[]): void {
    if (this.#options.raiseTaskErrors === false) return;
    const [first, ...others] = tasks.filter(hasFailed);
    if (first === undefined) return;
    const more = others.map(({ name }) => `, and task "${name}" failed too`);
    throw new Error(
      `Cannot finish task "${first.name}": it ${
        first.status === "timed-out" ? "timed out" : first.status
      } with ${format(first.error)}${
        more.join("")
      }; write raiseTaskErrors: false to look at it in client.tasks.failed`,
      { cause: first.error },
    );
  }
}

/** What executes tasks that only a test knows. */
function hiddenScheduler(clock: Clock = systemClock): Scheduler {
  const limits = { concurrency: Infinity, maxPending: Infinity };
  const scheduler = new Scheduler(limits);
  scheduler.clock = clock;
  scheduler.isHidden = true;
  return scheduler;
}

type Answer = { readonly response: Response } | { readonly error: unknown };

/** What an app answers, its body read whole, or what it throws; either way the response is over. */
async function answerOf(
  call: () => Promise<Response>,
  exchange: InterceptedRequest,
): Promise<Answer> {
  let outcome: ResponseOutcome = "unknown";
  try {
    const response = await call();
    exchange.moment = "during the body";
    outcome = "errored";
    const read = await readWhole(response);
    outcome = "sent";
    return { response: read };
  } catch (error) {
    return { error };
  } finally {
    await exchange.over(outcome);
  }
}

async function callApp(app: FetchApp, ...args: unknown[]): Promise<Response> {
  const response: unknown = await app.fetch(...args as [Request]);
  // not by its class: a server may have put one of its own in the place of `Response`
  if (isResponse(response)) return response;
  throw new TypeError(
    `Cannot read ${
      describeValue(response)
    } as a response: the fetch handler must return a Response`,
  );
}

function isResponse(value: unknown): value is Response {
  return typeof (value as Response | undefined)?.status === "number";
}

async function readWhole(response: Response): Promise<Response> {
  if (response.body === null) return response;
  return new Response(await response.arrayBuffer(), response);
}
