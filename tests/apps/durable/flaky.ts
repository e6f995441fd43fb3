import type { TaskContext } from "@postlude/background-tasks";

/** What the tasks of this folder do with each event. */
export type Log = (event: string, name: string, context: TaskContext) => void;

/** The handler of a task that fails until the attempt it is told; with 0, for good. */
export function flakyHandler(
  log: Log,
): (context: TaskContext, name: string, succeedsAt: number) => void {
  return (context, name, succeedsAt) => {
    log("start", name, context);
    if (succeedsAt === 0) throw new Error("hopeless");
    if (context.attempt < succeedsAt) throw new Error("not yet");
    log("end", name, context);
  };
}

/** Its `retry.when`. */
export function isWorthRetrying(error: unknown): boolean {
  return (error as Error).message !== "hopeless";
}
