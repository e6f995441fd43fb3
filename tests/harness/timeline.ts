import {
  BackgroundTasks,
  type BackgroundTasksOptions,
  type TaskObserver,
  type TaskRun,
  type TaskRunner,
} from "@postlude/background-tasks";
import type { VirtualClock } from "../../src/testing/virtual_clock.ts";
import { fakeTime } from "./fake_clock.ts";

/** The tasks of one request, and what became of them when. */
export interface Timeline {
  /** The queue of the request. */
  readonly tasks: BackgroundTasks;
  /** Executes it. */
  readonly runner: TaskRunner;
  /** The time of the runner, which stands still. */
  readonly clock: VirtualClock;
  /** `"<time> add|start|retry|end <name> …"`, in order. */
  readonly events: string[];
  /** Moves the time, and lets happen what follows. */
  advance(milliseconds: number): Promise<void>;
}

/**
 * Adds tasks to a request and ends its response, at time 0.
 *
 * @param options The options of the queue; without `onTaskError` errors are recorded as events.
 * @param add Adds the tasks; its clock is the runner's.
 * @param observer Watches beside the recording.
 * @returns What happened up to the point where only time can help.
 */
export async function timeline(
  options: BackgroundTasksOptions,
  add: (tasks: BackgroundTasks, clock: VirtualClock) => void,
  observer: TaskObserver = {},
): Promise<Timeline> {
  const events: string[] = [];
  const note = (event: string, run: TaskRun, more = ""): void =>
    void events.push(`${clock.now()} ${event} ${run.name}${more}`);
  const { clock, runner } = fakeTime({
    observers: [{
      onAdd: (run) => note("add", run),
      onStart: (run) => note("start", run, ` #${run.attempt}`),
      onRetry: (run) => note("retry", run, ` #${run.attempt}`),
      onEnd: (run) => note("end", run, ` #${run.attempt} ${run.status}`),
    }, observer],
  });
  const tasks = new BackgroundTasks({
    runner,
    deadline: Infinity, // Workers has one of its own
    onTaskError: (error) => events.push(`${clock.now()} error ${error}`),
    ...options,
  });
  add(tasks, clock);
  await respond(tasks);
  await clock.advance(0);
  return {
    tasks,
    runner,
    clock,
    events,
    advance: (milliseconds) => clock.advance(milliseconds),
  };
}

/**
 * Answers a request with a response that has ended already, and waits until the queue knows.
 *
 * @param tasks The queue of the request.
 * @param response The answer.
 */
export async function respond(
  tasks: BackgroundTasks,
  response: Response = new Response(),
): Promise<void> {
  const outgoing = { closed: true, writableFinished: true };
  tasks.runAfter(response, { platform: { outgoing } });
  await new Promise((resolve) => setTimeout(resolve));
}
