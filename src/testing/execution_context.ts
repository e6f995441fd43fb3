/**
 * An execution context for tests: its `waitUntil` records the promises, and they can be awaited.
 *
 * @example Wait for what a Worker left running
 * ```ts
 * import { TestExecutionContext } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const worker = {
 *   fetch(_request: Request, _env: unknown, ctx: TestExecutionContext): Response {
 *     ctx.waitUntil(Promise.resolve().then(() => log.push("counted")));
 *     return new Response("ok");
 *   },
 * };
 *
 * const log: string[] = [];
 * const ctx = new TestExecutionContext();
 * worker.fetch(new Request("https://example.com/"), {}, ctx);
 * await ctx.wait();
 * assertEquals(log, ["counted"]);
 * assertEquals(ctx.promises.length, 1);
 * ```
 */
export class TestExecutionContext {
  /** What Workers keep here; empty. */
  readonly props: Record<string, unknown> = {};
  readonly #promises: Promise<unknown>[] = [];

  /** Every promise that `waitUntil` was called with, in order. */
  get promises(): readonly Promise<unknown>[] {
    return this.#promises;
  }

  /**
   * Records a promise.
   *
   * @param promise What the platform would wait for.
   */
  waitUntil(promise: Promise<unknown>): void {
    const recorded = Promise.resolve(promise);
    recorded.catch(() => {}); // `wait()` tells of it
    this.#promises.push(recorded);
  }

  /** Does nothing: there is no origin to pass a request through to. */
  passThroughOnException(): void {}

  /**
   * Waits for every recorded promise, those included that are recorded meanwhile.
   *
   * @returns A promise that rejects as the first of them that rejected, once all have settled.
   */
  async wait(): Promise<void> {
    let seen = 0;
    while (seen < this.#promises.length) {
      seen = this.#promises.length;
      await Promise.allSettled(this.#promises);
    }
    await Promise.all(this.#promises);
  }
}
