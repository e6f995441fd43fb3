/**
 * The worker that runs the unit tests in workerd: `GET /` lists the names,
 * `POST /` with a name as its body runs that test, in a request of its own.
 *
 * @module
 */
import { collected } from "./test.ts";

/** What became of one test. */
export interface TestResult {
  /** The name of the test. */
  readonly name: string;
  /** Why it failed; absent when it passed. */
  readonly error?: string;
}

const unhandled: unknown[] = [];
globalThis.addEventListener(
  "unhandledrejection",
  (event) => unhandled.push(event.reason),
);

export default {
  /** Lists the tests, or runs one. */
  async fetch(request: Request): Promise<Response> {
    if (request.method === "GET") return Response.json([...collected.keys()]);
    return Response.json(await run(await request.text()));
  },
};

async function run(name: string): Promise<TestResult> {
  unhandled.length = 0;
  try {
    await collected.get(name)?.();
    await new Promise((resolve) => setTimeout(resolve)); // lets a rejection be noticed
    if (unhandled.length > 0) throw unhandled[0];
    return { name };
  } catch (error) {
    return {
      name,
      error: error instanceof Error
        ? error.stack ?? error.message
        : String(error),
    };
  }
}
