/** The signals that stop a command. */
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** What a shell says of a command that SIGINT has ended. */
const STOPPED = 130;

/**
 * Does something before a signal ends this process.
 *
 * @param end What to do: it must not wait.
 * @returns Forgets it.
 */
export function onStop(end: () => void): () => void {
  const stop = (): never => {
    end();
    Deno.exit(STOPPED);
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  return () => {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
  };
}
