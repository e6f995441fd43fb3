import { checkKeys, describeValue } from "./check.ts";

/**
 * What an option must be: its type, or several; how the message goes on, with what to write; and
 * what a value of that type has to keep to.
 */
export type Rule<Value = never> = readonly [
  type: string,
  advice: string,
  isValid?: (value: Value) => boolean,
];

/** The options there are, and the rule of each; one without a rule may be anything. */
export type Rules = Readonly<Record<string, Rule | undefined>>;

/** The longest delay a timer can hold, in milliseconds: about 24.8 days. */
export const MAX_DELAY: number = 2 ** 31 - 1;

/** The rule of a hook that is told of a task that failed. */
export const ON_TASK_ERROR: Rule = [
  "function",
  "write (error, run) => log(run.name, error)",
];

/** The rule of a switch. */
export const SWITCH: Rule = ["boolean", "write true or false"];

/** The rule of a text, such as the name of a task. */
export const TEXT: Rule<string> = [
  "string",
  "it must be a string, and must not be empty",
  (text) => text.trim() !== "",
];

/**
 * The rule of a number of milliseconds.
 *
 * @param min The smallest value.
 * @param more What else the message says of it.
 * @param never The value for a time that never comes, where there is one.
 */
export function milliseconds(
  min: number,
  more = "",
  never?: number,
): Rule<number> {
  return [
    "number",
    `it must be an integer from ${min} to ${MAX_DELAY} milliseconds${more}`,
    (value) =>
      (Number.isInteger(value) && value >= min && value <= MAX_DELAY) ||
      value === never,
  ];
}

/**
 * Checks options where they are given. One that is `undefined` is left out.
 *
 * @param kind What the options are called, such as `task option`.
 * @param options The options as the user wrote them.
 * @param rules The options there are.
 * @param prefix What goes before the name of an option in a message.
 * @throws {TypeError} If the options are no object, or one is unknown or of the wrong type.
 * @throws {RangeError} If an option is out of range.
 */
export function checkOptions(
  kind: string,
  options: unknown,
  rules: Rules,
  prefix = "",
): void {
  checkKeys(kind, options, Object.keys(rules));
  for (const [key, value] of Object.entries(options as object)) {
    const rule = rules[key];
    if (value !== undefined && rule) check(prefix + key, value, rule);
  }
}

/**
 * Checks one option.
 *
 * @param option The name of the option, for the message.
 * @param value The value as the user wrote it.
 * @param rule What it must be.
 * @throws {TypeError} If the value is of the wrong type, or another object than is meant.
 * @throws {RangeError} If the value is out of range.
 */
export function check<Value = never>(
  option: string,
  value: unknown,
  [type, advice, isValid]: Rule<Value>,
): void {
  const hasType = type.includes(typeof value);
  if (hasType && (isValid === undefined || isValid(value as Value))) return;
  const Kind = hasType && typeof value !== "object" ? RangeError : TypeError;
  throw new Kind(`Cannot use ${option} ${describeValue(value)}: ${advice}`);
}
