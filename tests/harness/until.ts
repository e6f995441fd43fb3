/**
 * Waits until something is true of which nobody is told, such as what another process does. The time
 * limit of the test ends the wait.
 *
 * @param condition Whether it has happened.
 * @param pause Milliseconds between two looks.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  pause = 5,
): Promise<void> {
  while (!await condition()) {
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
