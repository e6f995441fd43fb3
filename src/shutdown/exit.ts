/** The members of `process` that are used here. */
export interface ExitingProcess {
  readonly stdout?: { readonly writableLength?: number };
  readonly stderr?: { readonly writableLength?: number };
  /** What a worker of durable tasks sets when it had to abandon some. */
  exitCode?: number | string | null | undefined;
  exit(code?: number | string | null): unknown;
}

/** The longest time that an exit waits for a slow reader of the output, in milliseconds. */
const PATIENCE = 500;

/**
 * Exits once all output has been written. Node buffers output for which a pipe has no room, and an
 * exit would lose it: the report of abandoned tasks, or the last lines of the tasks.
 *
 * @param process The process.
 * @param code Its exit code; in place of 0 that which something has set.
 */
export async function exitWhenWritten(
  process: ExitingProcess,
  code: number,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (isWriting(process) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.exit(code || (process.exitCode ?? 0));
}

function isWriting({ stdout, stderr }: ExitingProcess): boolean {
  return [stdout, stderr].some((stream) => (stream?.writableLength ?? 0) > 0);
}
