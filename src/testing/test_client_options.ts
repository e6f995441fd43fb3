import { describeValue } from "../check/check.ts";
import { checkOptions, type Rules, SWITCH } from "../check/rules.ts";
import { CookieJar } from "./cookie_jar.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** A fetch handler, whatever its runtime hands it beside the request. */
export type FetchHandler = (
  request: Request,
  ...platform: never[]
) => Response | Promise<Response>;

/** What a runtime serves: a Hono app, the default export of a Worker, of `deno serve`, of Bun. */
export interface FetchApp {
  /** The fetch handler. */
  readonly fetch: FetchHandler;
}

/** Options of a {@linkcode TestClient}. */
export interface TestClientOptions {
  /**
   * What the app gets beside the request: `c.env` in Hono, the bindings of a Worker.
   *
   * @default {an empty object}
   */
  readonly env?: unknown;
  /**
   * What the app gets third: `c.executionCtx` in Hono.
   *
   * @default {a TestExecutionContext for each request, which is waited for too}
   */
  readonly executionCtx?: object;
  /**
   * What becomes of tasks. `"run"`: they run after the response, and the request is not over
   * before they are. `"record"`: they are written down and never run by themselves; neither the
   * app's runner, nor `drain()`, nor `waitUntil` hears of them. `"manual"`: they wait as they do in
   * production while a response is being sent, and hold their place in the app's runner: its
   * limits, its observers, its `drain()`. Both run in `client.tasks.runNext()` and `runAll()`.
   *
   * @default {"run"}
   */
  readonly tasks?: "run" | "record" | "manual";
  /**
   * Rejects a request, `runNext()` or `runAll()` with what a task of it threw. A durable task
   * that its engine refused rejects nothing: the app has answered for it, with a 503 as a rule.
   *
   * @default {true}
   */
  readonly raiseTaskErrors?: boolean;
  /**
   * What timeouts, retry delays and deadlines tell the time by: the client moves it to the next
   * timer whenever the tasks wait for nothing else. Only for tasks that need no real time themselves,
   * as when `fetch` is a stub: a task that waits for a real answer times out at once.
   *
   * @default {undefined} (timeouts take as long as they say; the delays between attempts are left
   * out)
   */
  readonly clock?: VirtualClock;
  /**
   * Keeps the cookies that responses set, and sends them with later requests.
   *
   * @default {undefined} (none are kept)
   */
  readonly cookies?: CookieJar;
  /**
   * Whether to follow redirects, except to other origins. Each redirect is a request of its own,
   * whose tasks end before the next request.
   *
   * @default {false}
   */
  readonly followRedirects?: boolean;
  /**
   * How long a request may take with its tasks, and `runNext()` and `runAll()`, in milliseconds of
   * real time. Then it rejects, and says which tasks have not ended: before the test runner gives the
   * test up without a word. Bun and Vitest do that after 5,000. `Infinity` for no limit.
   *
   * @default {4_000}
   */
  readonly timeLimit?: number;
}

const RULES: Rules = {
  env: undefined,
  executionCtx: ["object", "write new TestExecutionContext()", Boolean],
  tasks: [
    "string",
    'write "run", "record" or "manual"',
    (word: string) => ["run", "record", "manual"].includes(word),
  ],
  raiseTaskErrors: SWITCH,
  clock: [
    "object",
    "write new VirtualClock()",
    (clock: unknown) => clock instanceof VirtualClock,
  ],
  cookies: [
    "object",
    "write new CookieJar()",
    (jar: unknown) => jar instanceof CookieJar,
  ],
  followRedirects: SWITCH,
  timeLimit: [
    "number",
    "it must be a number of milliseconds above 0, or Infinity",
    (limit: number) => limit > 0,
  ],
};

/**
 * Checks what a test client is to call.
 *
 * @param app The app as the user wrote it.
 * @returns The app, as an object with a fetch handler.
 * @throws {TypeError} If it has none.
 */
export function checkApp(app: unknown): FetchApp {
  if (typeof app === "function") return { fetch: app as FetchHandler };
  if (
    typeof app === "object" && app !== null &&
    typeof (app as { fetch?: unknown }).fetch === "function"
  ) return app as FetchApp;
  throw new TypeError(
    `Cannot test ${
      describeValue(app)
    }: write new TestClient(app), with a fetch handler or an object that has one`,
  );
}

/**
 * Checks the options of a test client.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If `tasks` is none of its three words, or the time limit is no time.
 */
export function checkClientOptions(options: TestClientOptions): void {
  checkOptions("test client option", options, RULES);
}
