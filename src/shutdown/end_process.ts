import { quote } from "../check/check.ts";
import { MAX_DELAY } from "../check/rules.ts";
import { writeError } from "../check/thrown.ts";
import { unref } from "../task/clock.ts";
import { drain } from "../runner/drain.ts";
import { isInTime } from "../task/in_time.ts";
import { openRequests, processWork, whenBusy } from "../runner/process_work.ts";
import type { TaskRun } from "../task/task_run.ts";

/**
 * Milliseconds within which a second signal counts as a copy of the first one. A process gets the
 * signal itself, and again from a parent that passes it on, such as `deno task` or systemd's first
 * process.
 */
export const SAME_REQUEST = 1_000;

/** How long the threads of `deno serve --parallel` have to report before one ends them all. */
const LAST_WORDS = 100;

/** Milliseconds between two checks for open requests. */
const LOOK = 10;

/** The most task names that one report lists. Of the remaining names it tells the number. */
const MOST_NAMES = 20;

/**
 * Marks the signal listeners of this package, in all its copies. Any other listener is taken for a
 * framework's.
 */
export const OWN: unique symbol = Symbol.for(
  "@postlude/background-tasks/signal-listener",
);

/**
 * Who stops the server. `"us"`: `drainOnShutdown()`. `"nobody"`: the server goes on accepting.
 * `"others"`: somebody who also ends the process, such as a framework.
 */
export type StoppedBy = "us" | "nobody" | "others";

/**
 * Ends the process once nothing is left to lose, or once the time is over.
 *
 * @param stops What is stopped.
 * @param timeout Milliseconds all of it may take.
 * @param exit Ends the process; told whether something was cut off.
 * @param by Who stops the server.
 */
export async function endProcess(
  stops: readonly (() => Promise<unknown>)[],
  timeout: number,
  exit: (isCut: boolean) => void,
  by: StoppedBy,
): Promise<void> {
  processWork.isEnding = true;
  const end = performance.now() + timeout;
  const when = `${timeout} ms after the signal`;
  try {
    if (by === "others") await endByItself(end, when, exit);
    else exit(await endItself(stops, end, when, by === "nobody"));
  } catch (error) {
    writeError("Background tasks: the shutdown failed:", error);
    exit(true);
  }
}

async function endItself(
  stops: readonly (() => Promise<unknown>)[],
  end: number,
  when: string,
  isOpen: boolean,
): Promise<boolean> {
  const stopped = Promise.all(stops.map((stop) => stop()));
  let isCut = !await isInTime(stopped, leftOf(end));
  let abandoned: readonly TaskRun[] = [];
  do { // a server that nobody stops answers new requests during the drain
    if (isOpen) isCut ||= !await requestsEnd(end);
    abandoned = abandoned.concat(await drainUntil(end));
  } while (isOpen && !isCut && openRequests() > 0);
  if (isCut) reportRequests(when);
  report(abandoned, when);
  return isCut || abandoned.length > 0;
}

/** Waits until no front door has an open request; `false` where the time was over before. */
async function requestsEnd(end: number): Promise<boolean> {
  while (openRequests() > 0 && leftOf(end) > 0) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return openRequests() === 0;
}

function leftOf(end: number): number {
  return Math.max(0, Math.ceil(end - performance.now()));
}

/**
 * Lets the process end by itself, where a framework or `deno serve` stops the server. An exit in one
 * thread of `deno serve --parallel` would also end the other threads, in the middle of their tasks.
 * So the process exits only once the time is over.
 */
async function endByItself(
  end: number,
  when: string,
  exit: (isCut: boolean) => void,
): Promise<void> {
  const timer = setTimeout(() => {
    const isCut = openRequests() > 0;
    if (isCut) reportRequests(when);
    exit(isCut);
  }, Math.min(leftOf(end) + LAST_WORDS, MAX_DELAY));
  unref(timer);
  let abandoned: readonly TaskRun[] = [];
  while (abandoned.length === 0) {
    await whenBusy();
    abandoned = await drainUntil(end);
  }
  clearTimeout(timer);
  report(abandoned, when);
  setTimeout(() => exit(true), LAST_WORDS);
}

/** Drains until nothing is left, or the time is over; tells what was abandoned. */
async function drainUntil(end: number): Promise<readonly TaskRun[]> {
  let all: readonly TaskRun[] = [];
  let timeout: number;
  do {
    timeout = leftOf(end);
    // `push(...abandoned)` throws for very many tasks
    all = all.concat((await drain({ timeout })).abandoned);
  } while (timeout > 0 && processWork.busy.size > 0);
  return all;
}

function reportRequests(when: string): void {
  console.error(
    `Background tasks: requests in flight were cut off ${when}`,
  );
}

/**
 * Writes one line that names the abandoned tasks, and how many of each name ran or waited.
 *
 * @param abandoned The tasks.
 * @param when When that was, as the line goes on.
 */
export function report(abandoned: readonly TaskRun[], when: string): void {
  if (abandoned.length === 0) return;
  const counts = new Map<string, { started: number; waiting: number }>();
  for (const { name, startedAt } of abandoned) {
    let count = counts.get(name);
    if (!count) counts.set(name, count = { started: 0, waiting: 0 });
    count[startedAt === undefined ? "waiting" : "started"]++;
  }
  const names = [...counts].slice(0, MOST_NAMES).map((
    [name, { started, waiting }],
  ) => `${quote(name)} (${started} running, ${waiting} waiting)`);
  const more = counts.size - names.length;
  if (more > 0) names.push(`and ${more} names more`);
  console.error(
    `Background tasks: ${abandoned.length} abandoned ${when}: ${
      names.join(", ")
    }`,
  );
}
