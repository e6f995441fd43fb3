import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { Miniflare, supportedCompatibilityDate } from "miniflare";

/** A running workerd. */
export interface Workerd extends AsyncDisposable {
  /** Where the worker itself listens, with nothing in between. */
  readonly url: URL;
}

/** A queue of workerd. */
export interface WorkerdQueue {
  /** How often it delivers a message again. */
  readonly maxRetries: number;
  /** Where a message goes then; lost if there is none. */
  readonly deadLetterQueue?: string;
}

/** Options for {@linkcode startWorkerd}. */
export interface StartWorkerdOptions {
  /** The environment of the worker. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Names of D1 databases in the environment; each is empty, and kept in memory.
   *
   * @default {[]}
   */
  readonly d1?: readonly string[];
  /**
   * Names of queues in the environment, which the worker consumes as well; kept in memory.
   *
   * @default {{}}
   */
  readonly queues?: Readonly<Record<string, WorkerdQueue>>;
  /**
   * Compatibility flags beside `nodejs_compat`.
   *
   * @default {[]}
   */
  readonly flags?: readonly string[];
  /** Takes what the worker logs. */
  readonly onOutput: (stdout: Readable, stderr: Readable) => void;
}

/**
 * Starts workerd with one worker.
 *
 * @param path The bundle of the worker.
 * @param options Its environment, and where its output goes.
 */
export async function startWorkerd(
  path: string,
  { d1 = [], env, flags = [], onOutput, queues = {} }: StartWorkerdOptions,
): Promise<Workerd> {
  const miniflare = new Miniflare({
    bindings: env,
    compatibilityDate: supportedCompatibilityDate,
    compatibilityFlags: ["nodejs_compat", ...flags],
    d1Databases: [...d1],
    handleRuntimeStdio: onOutput,
    modules: [{
      type: "ESModule",
      path,
      contents: await readFile(path, "utf8"),
    }],
    modulesRoot: "/",
    queueConsumers: Object.fromEntries(
      Object.entries(queues).map((
        [name, queue],
      ) => [name, { maxBatchTimeout: 0, ...queue }]),
    ),
    queueProducers: Object.fromEntries(
      Object.keys(queues).map((name) => [name, name]),
    ),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  const url = await miniflare.unsafeGetDirectURL();
  return { url, [Symbol.asyncDispose]: () => miniflare.dispose() };
}
