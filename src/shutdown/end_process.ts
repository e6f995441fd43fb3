import { MAX_DELAY } from "../check/check_number.ts";
import { unref } from "../task/clock.ts";
import { drain } from "../runner/drain.ts";
import { isInTime } from "../task/in_time.ts";
import { processWork, whenBusy } from "../runner/process_work.ts";
import type { TaskRun } from "../task/task_run.ts";

/**
 * How long one request to stop goes on coming in, in milliseconds: a process gets the signal
 * itself, and again from a parent that hands it on, such as `deno task` or systemd's first process.
 */
export const SAME_REQUEST = 1_000;

/** How long the threads of `deno serve --parallel` have to report before one ends them all. */
const LAST_WORDS = 100;

/**
 * Ends the process once nothing is left to lose, or once the time is over.
 *
 * @param stops What stops the servers; none where no server can be reached.
 * @param timeout Milliseconds all of it may take.
 * @param exit Ends the process: with 0, or with 1 if something was cut off.
 */
export async function endProcess(
  stops: readonly (() => Promise<void>)[],
  timeout: number,
  exit: (code: number) => void,
): Promise<void> {
  processWork.isEnding = true;
  const end = performance.now() + timeout;
  if (stops.length === 0 && "Deno" in globalThis) {
    await endByItself(end, timeout, exit);
    return;
  }
  const stopped = await isInTime(
    Promise.all(stops.map((stop) => stop())),
    timeout,
  );
  if (!stopped) {
    console.error(
      `Background tasks: requests in flight were cut off ${timeout} ms after the signal`,
    );
  }
  const abandoned = await drainUntil(end);
  report(abandoned, timeout);
  exit(stopped && abandoned.length === 0 ? 0 : 1);
}

/**
 * `deno serve` stops accepting itself, and only it knows the requests in flight. With `--parallel`
 * an exit would end the other threads too, in the middle of their tasks. So the process is left to
 * end when nothing holds it any more, and made to only when the time is over.
 */
async function endByItself(
  end: number,
  timeout: number,
  exit: (code: number) => void,
): Promise<void> {
  const delay = Math.min(timeout + LAST_WORDS, MAX_DELAY);
  const timer = setTimeout(() => exit(0), delay);
  unref(timer);
  let abandoned: readonly TaskRun[] = [];
  while (abandoned.length === 0) {
    await whenBusy();
    abandoned = await drainUntil(end);
  }
  clearTimeout(timer);
  report(abandoned, timeout);
  setTimeout(() => exit(1), LAST_WORDS);
}

/** Drains until nothing is left, or the time is over; tells what was abandoned. */
async function drainUntil(end: number): Promise<readonly TaskRun[]> {
  const abandoned: TaskRun[] = [];
  while (true) {
    const left = Math.max(0, Math.ceil(end - performance.now()));
    abandoned.push(...(await drain({ timeout: left })).abandoned);
    if (left === 0 || processWork.busy.size === 0) return abandoned;
  }
}

/** Names what was abandoned, with how many of each had started, in one line however many. */
function report(abandoned: readonly TaskRun[], timeout: number): void {
  if (abandoned.length === 0) return;
  const counts = new Map<string, { started: number; waiting: number }>();
  for (const { name, startedAt } of abandoned) {
    const count = counts.get(name) ?? { started: 0, waiting: 0 };
    count[startedAt === undefined ? "waiting" : "started"]++;
    counts.set(name, count);
  }
  const names = [...counts].map(([name, { started, waiting }]) =>
    `"${name}" (${started} running, ${waiting} waiting)`
  );
  console.error(
    `Background tasks: ${abandoned.length} abandoned ${timeout} ms after the signal: ${
      names.join(", ")
    }`,
  );
}
