import { format } from "../check/format.ts";
import { TaskEnqueueError } from "../check/errors.ts";
import type { RecordedTask } from "./recorded_task.ts";

/** Added to the error of a timeout: a clock cannot wait for real I/O. */
const ON_CLOCK =
  "; its time is a VirtualClock, which the client moves when nothing else happens for a while: a task " +
  "that waits for real I/O needs a client without a clock, or a stub in place of the I/O";

/**
 * The error of a test whose tasks failed.
 *
 * A durable task that its engine refused has had its answer: the request failed, or the app said what
 * to do about it, a 503 as a rule.
 *
 * @param tasks The tasks that ended.
 * @param hasClock Whether the client has a clock, which it moves.
 * @returns The error, which names all of them; `undefined` where none failed.
 */
export function failureOf(
  tasks: readonly RecordedTask[],
  hasClock: boolean,
): Error | undefined {
  const [first, ...others] = tasks.filter((task) =>
    hasFailed(task) && !isRefusal(task)
  );
  if (first === undefined) return undefined;
  const { name, status, error } = first;
  const how = status === "timed-out" ? "timed out" : status;
  const more = others.map(({ name }) => `, and task "${name}" failed too`);
  const isLate = status === "timed-out" || status === "expired";
  return new Error(
    `Cannot finish task "${name}": it ${how} with ${format(error)}${
      more.join("")
    }${
      hasClock && isLate ? ON_CLOCK : ""
    }; write raiseTaskErrors: false to look at it in client.tasks.failed`,
    { cause: error },
  );
}

/**
 * Tells whether a task failed, timed out or expired.
 *
 * @param task The task.
 * @returns Whether it did.
 */
export function hasFailed({ status }: Pick<RecordedTask, "status">): boolean {
  return ["failed", "timed-out", "expired"].includes(status);
}

function isRefusal({ error }: RecordedTask): boolean {
  try {
    return error instanceof TaskEnqueueError;
  } catch {
    return false; // a proxy that cannot be looked at
  }
}

/**
 * Says which tasks have not ended.
 *
 * @param tasks All of a request.
 * @param after How long they had.
 * @returns Such as `task "sendEmail" has not ended after 4000 ms, nor have 2 behind it`; `undefined`
 * where all have.
 */
export function unfinishedTasks(
  tasks: readonly Pick<RecordedTask, "name" | "status">[],
  after: string,
): string | undefined {
  const running = tasks.filter(({ status }) => status === "running");
  const waiting = tasks.filter(({ status }) => status === "waiting");
  const [hanging, behind] = running.length === 0
    ? [waiting, 0]
    : [running, waiting.length];
  if (hanging.length === 0) return undefined;
  const names = hanging.map(({ name }) => `task "${name}"`).join(" and ");
  const have = hanging.length === 1 ? "has" : "have";
  const others = behind === 0
    ? ""
    : `, nor ${behind === 1 ? "has" : "have"} ${behind} behind it`;
  return `${names} ${have} not ended${after}${others}`;
}
