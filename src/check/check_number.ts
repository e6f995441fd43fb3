import { describeValue } from "./check.ts";

/** The longest delay a timer can hold, in milliseconds: about 24.8 days. */
export const MAX_DELAY: number = 2 ** 31 - 1;

/**
 * Checks a number of milliseconds.
 *
 * @param option The name of the option, for the message.
 * @param value The value as the user wrote it.
 * @param min The smallest value.
 * @param more What else the message says of it.
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If the value is not an integer from `min` to what a timer can hold.
 */
export function checkMilliseconds(
  option: string,
  value: unknown,
  min: number,
  more = "",
): void {
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot use ${option} ${
        describeValue(value)
      }: write a number of milliseconds`,
    );
  }
  if (!Number.isInteger(value) || value < min || value > MAX_DELAY) {
    throw new RangeError(
      `Cannot use ${option} ${value}: it must be an integer from ${min} to ${MAX_DELAY} milliseconds${more}`,
    );
  }
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
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot use ${option} ${describeValue(value)}: it must be ${rule}`,
    );
  }
  if (!valid(value)) {
    throw new RangeError(`Cannot use ${option} ${value}: it must be ${rule}`);
  }
}
