import { host } from "./runtime.ts";

/** The body of a test: it fails when it throws or rejects. */
export type TestBody = () => void | Promise<void>;

/** The tests of this process that no test runner took, in the order they were declared (workerd only). */
export const collected: Map<string, TestBody> = new Map();

/** A test that has not ended after this many milliseconds hangs: it fails. A busy machine does not come near. */
const TIME_LIMIT = 180_000;

const declare = await testFunctionOf();

/**
 * Declares a test, with the test runner of whichever runtime this is.
 *
 * @param name Symbol, then consequence.
 * @param body What to run; a throw, a rejection or the time limit fail the test.
 * @param timeLimit Milliseconds; 600,000 at most.
 */
export function test(
  name: string,
  body: TestBody,
  timeLimit = TIME_LIMIT,
): void {
  declare(name, () => withTimeLimit(body, timeLimit));
}

async function testFunctionOf(): Promise<
  (name: string, body: () => Promise<void>) => void
> {
  if (host === "deno") {
    return (name, fn) =>
      Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
  }
  if (host === "bun") {
    const specifier = "bun:test"; // not a literal: the other runtimes would try to load it
    return (await import(specifier)).test;
  }
  if (host === "node") {
    const { test } = await import("node:test");
    return (name, body) => void test(name, body);
  }
  return collect;
}

function collect(name: string, body: TestBody): void {
  if (collected.has(name)) {
    throw new Error(`Cannot declare the test: the name "${name}" is taken`);
  }
  collected.set(name, body);
}

async function withTimeLimit(
  body: TestBody,
  timeLimit: number,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    const error = new Error(
      `Cannot finish the test: it has not ended after ${timeLimit} ms`,
    );
    timer = setTimeout(() => reject(error), timeLimit);
  });
  try {
    await Promise.race([body(), expired]);
  } finally {
    clearTimeout(timer);
  }
}
