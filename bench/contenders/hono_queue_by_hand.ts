/**
 * The least that gives a handler a queue: a chain of promises in a variable of Hono's, which starts
 * at the end of the response. It keeps order, async context and errors. No names, policies,
 * cancelling, observers, limits or shutdown, and nothing that is passed to it is checked.
 */
import { Hono } from "hono";
import { ANSWER, tasksRun, work } from "../answer.ts";
import { type Platform, runAfterEnd } from "./end_by_hand.ts";

class Queue {
  #start: (() => void) | undefined;
  #tail: Promise<void> | undefined;

  get isEmpty(): boolean {
    return this.#tail === undefined;
  }

  addTask<Args extends unknown[]>(
    fn: (...args: Args) => Promise<void>,
    ...args: Args
  ): void {
    this.#tail ??= new Promise((resolve) => this.#start = resolve);
    this.#tail = this.#tail.then(() => fn(...args)).catch(console.error);
  }

  async run(): Promise<void> {
    this.#start?.();
    await this.#tail;
  }
}

type Env = { Bindings: Platform; Variables: { queue: Queue } };

const app = new Hono<Env>();
app.use(async function queue(c, next) {
  const queue = new Queue();
  c.set("queue", queue);
  await next();
  if (!queue.isEmpty) runAfterEnd(c, () => queue.run());
});
app.get("/", (c) => {
  c.var.queue.addTask(work, "ada@example.com");
  return c.json(ANSWER);
});
app.get("/ran", (c) => c.json(tasksRun()));
export default app;
