import { describeValue } from "../check/check.ts";
import { checkOptions, milliseconds, type Rules } from "../check/rules.ts";
import { IS_DENO, IS_WORKERS } from "../response_end/runtime.ts";
import { processWork } from "../runner/process_work.ts";
import {
  endProcess,
  OWN,
  report,
  SAME_REQUEST,
  type StoppedBy,
} from "./end_process.ts";
import { type ExitingProcess, exitWhenWritten } from "./exit.ts";
import { prepareStop, type StoppableServer } from "./stop_server.ts";

/** Options of {@linkcode drainOnShutdown}. */
export interface DrainOnShutdownOptions {
  /**
   * What stops accepting and lets its requests in flight finish: a server, a function, or several
   * of them. Leave it out under `deno serve`, and where a framework owns the server: they stop it
   * themselves.
   *
   * @default {undefined}
   */
  readonly server?: StoppableServer | readonly StoppableServer[];
  /**
   * Milliseconds the whole shutdown may take, requests in flight and tasks together. Stay below
   * what your platform waits before it kills the process: Docker and Cloud Run give 10 s,
   * Kubernetes 30 s, systemd 90 s.
   *
   * @default {9000}
   */
  readonly timeout?: number;
  /**
   * The signals that start it.
   *
   * @default {["SIGTERM", "SIGINT"]}
   */
  readonly signals?: readonly string[];
}

/** The members of `process` that are used here; Deno, Bun and Node all have them. */
interface Process extends ExitingProcess {
  prependListener(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  listeners(event: string): readonly object[];
  getBuiltinModule?<Name extends keyof Modules>(
    name: Name,
  ): Modules[Name] | undefined;
}

type Listener = [event: string, listener: () => void];

/** The members of Node's modules that are used here. */
interface Modules {
  "node:os": { constants: { signals: Record<string, number> } };
  "node:worker_threads": { isMainThread: boolean };
}

const RULES: Rules = {
  server: undefined,
  timeout: /* @__PURE__ */ milliseconds(0),
  signals: [
    "object",
    'write an array such as ["SIGTERM"]',
    (signals: unknown) => Array.isArray(signals) && signals.length > 0,
  ],
};
/** The names of signals, but for the two that no process can listen for. */
const CATCHABLE = /^SIG(?!KILL|STOP)/;
/** Takes back the call in force. */
let forgetLast: (() => void) | undefined;

/** What the call in force stops. Where that is nothing, another call may take its place. */
let stopped: readonly unknown[] = [];

/**
 * Lets a process end without losing work: on SIGTERM or SIGINT it stops accepting, lets requests
 * in flight finish, waits for every background task of the process, tasks added meanwhile
 * included, and exits.
 *
 * It exits with 0 when everything was done. At the timeout it aborts every `signal`, writes what
 * it abandoned to `console.error` by name, and exits with 1. A signal that comes a second or more
 * after the first exits at once, with 128 and its number. One that comes earlier is ignored: it is
 * the same request to stop, which reached the process twice. One that comes after another listener
 * for it has been taken away is ignored too: frameworks such as NestJS raise the signal once more when
 * they have shut down. `drainOnShutdown` never does, because the first process of a container would
 * not end by it.
 *
 * Without a server it waits for the open requests of this package's front doors. Where other code
 * listens for the signal too, such as a framework that owns its server, and under `deno serve`, the
 * end of the process is left to that code: `docs/shutdown.md` says for each what to write. If it
 * exits while tasks run, the lost tasks are written to `console.error`, and the exit code is 1 in
 * place of 0. A process that exits without a signal names what it loses too; on Deno not where an
 * unhandled error ends it.
 * Under Bun's `export default` nothing can stop the server: write `Bun.serve(app)` and hand that over.
 * On Workers, which have no signals and keep `waitUntil` work alive themselves, the call does nothing.
 *
 * A further call takes the place of one without a server: a dev server loads a changed module again. With
 * a server there is one call.
 *
 * @example Drain a server
 * ```ts
 * import { drainOnShutdown, withBackgroundTasks } from "@postlude/background-tasks";
 *
 * const sendEmail = (to: string) => console.log(to);
 *
 * const server = Deno.serve(
 *   { port: 0 },
 *   withBackgroundTasks((_request, tasks) => {
 *     tasks.addTask(sendEmail, "ada@example.com");
 *     return new Response("ok");
 *   }),
 * );
 * const forget = drainOnShutdown({ server, timeout: 25_000 });
 *
 * forget(); // a real server keeps it
 * await server.shutdown();
 * ```
 *
 * @param options What to stop, how long to wait, and when.
 * @returns A function that stops listening for the signals.
 * @throws {TypeError} If an option is unknown or of the wrong kind, the call in force has a server, or
 * this is a worker thread, which hears no signals.
 * @throws {RangeError} If the timeout is out of range, or a signal is unknown.
 */
export function drainOnShutdown(
  options: DrainOnShutdownOptions = {},
): () => void {
  checkOptions("shutdown option", options, RULES);
  const { server, timeout = 9_000, signals = ["SIGTERM", "SIGINT"] } = options;
  const process = processWithSignals();
  const numbers = process?.getBuiltinModule?.("node:os")?.constants.signals;
  checkSignals(signals, numbers);
  if (stopped.length > 0) {
    throw new TypeError(
      "Cannot drain on shutdown twice: write drainOnShutdown({ server: [one, another] })",
    );
  }
  const servers = server === undefined ? [] : [server].flat();
  const stops = servers.map(prepareStop);
  if (process === undefined) return () => {};
  checkThread(process);
  const begin = (signal: string): void => {
    const exit = (isCut: boolean): void => void exitWhenWritten(process, isCut);
    void endProcess(stops, timeout, exit, stoppedBy(process, signal, servers));
  };
  const signalled = oncePerRequest(process, begin, (signal) => {
    process.exit(128 + (numbers?.[signal] ?? 0));
  });
  const listeners: readonly Listener[] = [
    ["exit", () => reportAtExit(process)],
    ...signals.map((signal): Listener => [
      signal,
      Object.assign(() => signalled(signal), { [OWN]: true }),
    ]),
  ];
  forgetLast?.();
  stopped = stops;
  // in front of all others: a `once` listener that has run is gone when `stoppedBy()` counts
  for (const listener of listeners) process.prependListener(...listener);
  return forgetLast = () => {
    for (const listener of listeners) process.off(...listener);
    if (stopped === stops) stopped = [];
  };
}

/**
 * Calls `first` for the first signal, and `further` for each that comes `SAME_REQUEST` after it. NestJS
 * and others take their listener away when they have shut down, and raise the signal once more, to end
 * by it. Such a signal is no further request to stop.
 */
function oncePerRequest(
  process: Process,
  first: (signal: string) => void,
  further: (signal: string) => void,
): (signal: string) => void {
  let begun: number | undefined;
  const heardBy: Record<string, number> = {};
  return (signal) => {
    const now = performance.now();
    const before = heardBy[signal] ?? 0;
    const after = heardBy[signal] = process.listeners(signal).length;
    if (begun === undefined) {
      begun = now;
      first(signal);
    } else if (now - begun >= SAME_REQUEST && after >= before) further(signal);
  };
}

/** Tells who stops the server. A framework that does so is known by its own signal listener. */
function stoppedBy(
  process: Process,
  signal: string,
  servers: readonly unknown[],
): StoppedBy {
  if (servers.some((server) => typeof server !== "function")) return "us";
  if (servers.length > 0) return "nobody";
  const isHeard = process.listeners(signal).some((other) => !(OWN in other));
  return IS_DENO || isHeard ? "others" : "nobody";
}

/** Reports the tasks that are lost because the process exits, whoever has it exit. */
function reportAtExit(process: Process): void {
  const { busy, isEnding, uploadsLost } = processWork;
  const reason = new DOMException("The process ends", "AbortError");
  const lost = [...busy].flatMap((part) => part.abandon(reason));
  report(lost, "at the exit");
  if (uploadsLost > 0) {
    console.error(
      `Background tasks: ${uploadsLost} requests failed: Deno gives up uploads`,
    );
  }
  if (isEnding && lost.length + uploadsLost > 0) process.exitCode ||= 1;
}

/**
 * Refuses worker threads: on Node and Bun they hear no signals, and on Deno they cannot end the
 * process.
 */
function checkThread(process: Process): void {
  const threads = process.getBuiltinModule?.("node:worker_threads");
  if (
    threads?.isMainThread !== false && !("WorkerGlobalScope" in globalThis)
  ) return;
  throw new TypeError(
    "Cannot drain on shutdown in a worker thread: only the main thread hears signals; " +
      "write drainOnShutdown({ server: stop }) there, with a stop() that awaits drain()",
  );
}

/** The `process`; not that of Workers, which accepts signal listeners and never calls them. */
function processWithSignals(): Process | undefined {
  if (IS_WORKERS) return undefined;
  const { process } = globalThis as { process?: Process };
  return typeof process?.prependListener === "function" ? process : undefined;
}

function checkSignals(
  signals: readonly unknown[],
  numbers: Record<string, number> | undefined,
): void {
  for (const signal of signals) {
    if (
      typeof signal !== "string" || !CATCHABLE.test(signal) ||
      (numbers && !(signal in numbers))
    ) {
      throw new RangeError(
        `Cannot listen for signal ${
          describeValue(signal)
        }: write one that can be caught, such as "SIGTERM"`,
      );
    }
  }
}
