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
 * @param isCut Whether something was cut off: then it exits with 1, else with 0 or what something
 * has set.
 */
export async function exitWhenWritten(
  process: ExitingProcess,
  isCut: boolean,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (isWriting(process) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.exit(isCut ? 1 : process.exitCode);
}

function isWriting({ stdout, stderr }: ExitingProcess): boolean {
  return [stdout, stderr].some((stream) =>
    (stream?.writableLength as number) > 0
  );
}
