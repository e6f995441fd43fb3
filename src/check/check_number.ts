import { check, milliseconds } from "./rules.ts";

export { MAX_DELAY } from "./rules.ts";

/**
 * Checks a number of milliseconds.
 *
 * @param option The name of the option, for the message.
 * @param value The value as the user wrote it.
 * @param min The smallest value.
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If the value is not an integer from `min` to what a timer can hold.
 */
export function checkMilliseconds(
  option: string,
  value: unknown,
  min: number,
): void {
  check(option, value, milliseconds(min));
}

/**
 * Checks a number by a rule of its own.
 *
 * @param option The name of the option, for the message.
 * @param value The value as the user wrote it.
 * @param valid Whether a number keeps to the rule.
 * @param rule The rule in words, such as `an integer of at least 1`.
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If it does not keep to the rule.
 */
export function checkNumber(
  option: string,
  value: unknown,
  valid: (value: number) => boolean,
  rule: string,
): void {
  check<number>(option, value, ["number", `it must be ${rule}`, valid]);
}
