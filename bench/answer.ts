/** What every contender does, so that nothing but the way to run a task differs. */

/** What every contender answers. */
export const ANSWER = { status: "ok" };

let ran = 0;

/**
 * The task: asynchronous, and next to nothing to do.
 *
 * @param _to Its argument, as a task has one.
 */
export async function work(_to: string): Promise<void> {
  await null;
  ran++;
}

/** How many tasks have run in this process: `GET /ran` answers it. */
export function tasksRun(): { ran: number } {
  return { ran };
}
