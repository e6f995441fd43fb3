import { bodyOf } from "../response_end/body_state.ts";
import { processWork } from "../runner/process_work.ts";
import type { RequestOptions } from "./options.ts";
import type { RequestContext } from "./request_context.ts";
import { BackgroundTasks } from "./tasks.ts";

/**
 * The key under which a request keeps its tasks. It is registered, so that all copies of this package
 * find them. A `WeakMap` was measured to cost 0.2 to 1 µs a request on Deno and Node.
 */
const TASKS: unique symbol = Symbol.for("@postlude/background-tasks/tasks/1");

/** A request that a front door handles, or has handled. */
interface Handled {
  [TASKS]?: BackgroundTasks | undefined;
}

/** The tasks of frozen requests, on which no key can be set. */
let frozen: WeakMap<object, BackgroundTasks> | undefined;

/** Makes a call inside the async context of a request's tasks: `./context` sets it. */
export type Enter = <Result>(
  tasks: BackgroundTasks,
  call: () => Result,
) => Result;

let enter: Enter | undefined;

/**
 * Has every handler called inside the async context of its tasks, from now on.
 *
 * @param entering Makes the call.
 */
export function enterEachRequest(entering: Enter): void {
  enter = entering;
}

/**
 * Calls what handles a request.
 *
 * @param tasks The tasks of the request.
 * @param call Calls the handler.
 * @returns What the handler returned.
 */
export function callInside<Result>(
  tasks: BackgroundTasks,
  call: () => Result,
): Result {
  return enter === undefined ? call() : enter(tasks, call);
}

/**
 * The tasks that a front door further out made for a request, while that is being handled: a request
 * has one queue.
 *
 * @param request The request.
 * @param context The request, as the inner door was handed it.
 * @returns The tasks, or `undefined` where this door is the outermost.
 */
export function joinTasks(
  request: object,
  context: RequestContext,
): BackgroundTasks | undefined {
  const tasks = tasksOf(request);
  if (tasks === undefined || tasks.isSettled) return undefined;
  tasks.join(context);
  return tasks;
}

/**
 * Calls a handler behind a front door further in. What it throws may be caught on the way to the
 * outermost door: so that one is told.
 *
 * @param tasks The tasks of the request.
 * @param call Calls the handler.
 * @returns What the handler returned.
 * @throws What it threw.
 */
export async function callJoined<Result>(
  tasks: BackgroundTasks,
  call: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await callInside(tasks, call);
  } catch (error) {
    tasks.fail(error);
    throw error;
  }
}

/**
 * Makes the tasks of a request, for its outermost front door.
 *
 * @param options The options of the door.
 * @param context The request, as the door was handed it.
 * @param request The request.
 * @param key Where the tasks are found again: the request, or what stands for it.
 * @returns The tasks.
 */
export function openTasks(
  options: RequestOptions,
  context: RequestContext,
  request: Request | undefined,
  key: object | undefined = request,
): BackgroundTasks {
  const tasks = new BackgroundTasks(options, context, request);
  tasks.isOpen = true;
  processWork.requests++;
  try {
    (key as Handled)[TASKS] = tasks;
  } catch {
    (frozen ??= new WeakMap()).set(key!, tasks);
  }
  return tasks;
}

/**
 * The tasks of a request, from any door of any copy of this package.
 *
 * @param request The request, or what stands for it.
 * @returns The tasks; `undefined` where no door is open for it.
 */
export function tasksOf(request: object): BackgroundTasks | undefined {
  return (request as Handled)[TASKS] ?? frozen?.get(request);
}

/**
 * The handler of a request has returned.
 *
 * @param tasks The tasks of the request.
 * @param response The response; `undefined` where the handler's framework answers without one.
 * @returns The response to return instead; a promise where an engine must acknowledge tasks before.
 * It rejects with `TaskEnqueueError`; then `failTasks` is to be called, as for a handler that throws.
 */
export function settleTasks(
  tasks: BackgroundTasks,
  response: Response | undefined,
): Response | undefined | Promise<Response | undefined> {
  const { outbox } = tasks;
  return outbox?.isClosed === false
    ? outbox.settle(response)
    : tasks.settle(response);
}

/**
 * The handler has thrown, or an engine has refused its tasks. The caller throws that error; a second
 * refusal is only reported.
 *
 * @param tasks The tasks of the request.
 * @param error That error.
 * @param dropped The response that an engine's refusal takes the place of.
 * @returns A promise where tasks for an engine run even so.
 */
export function failTasks(
  tasks: BackgroundTasks,
  error: unknown,
  dropped: Response | undefined,
): Promise<void> | undefined {
  tasks.fail(error);
  if (dropped !== undefined) drop(dropped, error);
  const { outbox } = tasks;
  if (outbox?.isClosed === false) return outbox.fail();
  tasks.settle(undefined);
}

/** Cancels a body that nobody will read. One in memory is left: it may be a constant of the app. */
function drop(response: Response, reason: unknown): void {
  try {
    const { stream, mayBeInMemory } = bodyOf(response);
    if (!mayBeInMemory) stream?.cancel(reason).catch(() => {});
  } catch {
    // a value whose body cannot be read is no response
  }
}
