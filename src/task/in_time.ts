/**
 * Waits for a promise, for a limited time. What it settles with later is ignored.
 *
 * @param promise What to wait for.
 * @param milliseconds How long.
 * @returns Whether it was fulfilled in time.
 * @throws What it was rejected with in time.
 */
export async function isInTime(
  promise: Promise<unknown>,
  milliseconds: number,
): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  return await Promise.race([promise.then(() => true), late])
    .finally(() => clearTimeout(timer));
}
