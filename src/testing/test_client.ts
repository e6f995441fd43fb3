import { describeValue } from "../check/check.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { intercept } from "../request/interception.ts";
import { Scheduler } from "../runner/scheduler.ts";
import { answerOf, callApp } from "./answer.ts";
import { addCookies } from "./cookie_jar.ts";
import { TestExecutionContext } from "./execution_context.ts";
import { InterceptedRequest } from "./intercepted_request.ts";
import type { RecordedTask } from "./recorded_task.ts";
import { checkRedirects, redirectOf } from "./redirect.ts";
import { failureOf, unfinishedTasks } from "./task_failure.ts";
import { TaskLog } from "./task_log.ts";
import {
  checkApp,
  checkClientOptions,
  type FetchApp,
  type FetchHandler,
  type TestClientOptions,
} from "./test_client_options.ts";
import { createRequest, type TestRequestOptions } from "./test_request.ts";
import { LoggedTasks, type TestTasks } from "./test_tasks.ts";
import { TimeLimit } from "./time_limit.ts";

/** Milliseconds: Bun and Vitest give a test up after 5,000, and cannot say why. */
const TIME_LIMIT = 4_000;

/**
 * Calls an app as a runtime would, without a server, and sees the background tasks of its requests.
 *
 * The app needs no change. A request resolves when its body has been read to the end and its tasks
 * have ended, those included that tasks or a stream added. A body that never ends, such as an
 * event stream's, is read until the `signal` of its request aborts.
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
   * @throws {RangeError} If `tasks` is none of its three words, or the time limit is no time.
   */
  constructor(app: FetchApp | FetchHandler, options: TestClientOptions = {}) {
    checkClientOptions(options);
    const { tasks = "run", clock, timeLimit = TIME_LIMIT } = options;
    this.#app = checkApp(app);
    this.#options = options;
    this.#log = new TaskLog(tasks !== "run", clock);
    this.#scheduler = tasks === "record" ? hiddenScheduler(clock) : undefined;
    this.tasks = new LoggedTasks(
      this.#log,
      (tasks) => this.#raise(tasks),
      timeLimit,
    );
  }

  /** Sends a GET request. See {@linkcode TestClient.request}. */
  get(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("GET", path, options);
  }

  /** Sends a HEAD request. See {@linkcode TestClient.request}. */
  head(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("HEAD", path, options);
  }

  /** Sends an OPTIONS request. See {@linkcode TestClient.request}. */
  options(path: string | URL, options?: TestRequestOptions): Promise<Response> {
    return this.#send("OPTIONS", path, options);
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
   * @param target The path, a whole URL, or a `Request`, whose body is taken out of it as `fetch`
   * does; the host is `localhost` unless it says otherwise.
   * @param options What to send.
   * @returns The response; its body can still be read.
   * @throws {TypeError} If there is no path, an option is unknown or of the wrong kind, or there is
   * more than one body.
   * @throws {Error} If a task fails, unless `raiseTaskErrors` is `false`, or if the request takes
   * longer with its tasks than `timeLimit`. What the handler or the body throws itself is thrown as it
   * is, once the tasks have ended.
   */
  async request(
    target: string | URL | Request,
    options: TestRequestOptions = {},
  ): Promise<Response> {
    let request = createRequest(target, options);
    const { signal = target instanceof Request ? target.signal : undefined } =
      options;
    const follows = options.followRedirects ?? this.#options.followRedirects;
    for (let redirects = 0;; redirects++) {
      checkRedirects(redirects, request);
      const copy = follows ? request.clone() : undefined;
      const response = await this.#exchange(request, signal);
      const next = copy && redirectOf(copy, response);
      if (next === undefined) return response;
      request = next;
    }
  }

  /** One request, its response and its tasks. */
  async #exchange(
    request: Request,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { clock, executionCtx, env = {}, cookies, timeLimit = TIME_LIMIT } =
      this.#options;
    const url = new URL(request.url);
    addCookies(cookies, request, url);
    const context = executionCtx ?? new TestExecutionContext();
    const exchange = new InterceptedRequest(this.#log, clock, this.#scheduler);
    intercept(request, exchange);
    if (executionCtx === undefined) intercept(context, exchange);
    const limit = new TimeLimit(timeLimit);
    const call = (): Promise<Response> =>
      callApp(this.#app, request, env, context);
    const work = async (): Promise<Response> => {
      const answer = await answerOf(call, exchange, signal, limit);
      await this.#finish(exchange, context, limit);
      if ("error" in answer) throw answer.error;
      return answer.response;
    };
    const what = `Cannot finish ${request.method} ${url.pathname}`;
    const response = await limit.race(
      work(),
      (after) => `${what}: ${unfinished(exchange, after)}`,
    );
    cookies?.keepFrom(response, url);
    this.#raise(exchange.tasks.map((task) => this.#log.recordingOf(task)));
    return response;
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
  async #finish(
    exchange: InterceptedRequest,
    context: object,
    limit: TimeLimit,
  ): Promise<void> {
    const { tasks = "run", raiseTaskErrors = true } = this.#options;
    if (tasks === "run") {
      await this.#log.waitWhile(() =>
        !limit.isReached && exchange.tasks.some((task) => !task.hasEnded)
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
    const failure = failureOf(tasks, this.#options.clock !== undefined);
    if (failure !== undefined) throw failure;
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

/** What a request still waits for. */
function unfinished(
  { moment, tasks }: InterceptedRequest,
  after: string,
): string {
  if (moment === "before the response") {
    return `its handler has not answered${after}`;
  }
  if (moment === "during the body") {
    return `its body has not ended${after}, nor has a signal left it`;
  }
  return unfinishedTasks(tasks, after) ??
    `a promise that it handed to waitUntil has not settled${after}`;
}
