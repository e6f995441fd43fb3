import process from "node:process";

/** Whether this is workerd, which has neither a file system nor a clock that runs during work. */
const isWorkerd = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/**
 * A setting of the app: a variable of its process.
 *
 * @param name The variable.
 */
export function setting(name: string): string | undefined {
  return process.env[name];
}

/**
 * Burns CPU until something is true, or for a minute, which no busy machine needs; on workerd for a
 * fixed amount of work.
 *
 * @param done What to wait for.
 * @param work How much work, in tenths of a second of a core, more or less.
 * @returns Whether it became true; always on workerd.
 */
export function burn(done: () => boolean, work: number): boolean {
  if (isWorkerd) {
    let sum = 0;
    for (let i = 0; i < work * 1.5e8; i++) sum += i;
    return sum > 0;
  }
  const deadline = Date.now() + 60_000;
  while (!done()) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
