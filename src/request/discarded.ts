/** How many names are remembered. After that, names seen for the first time are not warned of. */
const MOST_NAMES = 1_000;

const told = new Set<string>();

/**
 * Says that a task does not run because something failed, once for each name: where nobody observes
 * the tasks, nobody else would know.
 *
 * @param name The name of the task.
 * @param reason Why it does not run.
 */
export function warnDiscarded(name: string, { message }: Error): void {
  if (told.has(name) || told.size >= MOST_NAMES) return;
  told.add(name);
  console.warn(`${message} (this is said once)`);
}
