/**
 * Waits for what another process does, of which nobody is told. The time limit of the test ends it.
 *
 * @param condition Whether it has happened.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!await condition()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
