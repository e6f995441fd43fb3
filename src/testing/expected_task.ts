import type { RecordedTask } from "./recorded_task.ts";

/** A task, by the function that was added, or by its name. */
export type TaskReference = string | ((...args: never[]) => unknown);

/**
 * A matcher such as `expect.any(String)` of Vitest or Jest: it judges an argument in place of being
 * equal to it. A matcher of Bun shows no method.
 */
export interface TaskMatcher {
  /** Judges what there is. */
  asymmetricMatch(actual: unknown): boolean;
}

/**
 * What a task was added with: a value for each of its parameters, or a matcher. What only the call
 * would tell, such as `keyof T`, may be anything.
 *
 * @typeParam Args The parameters of the function.
 */
export type ExpectedArguments<Args extends readonly unknown[]> = {
  readonly [Key in keyof Args]: [Args[Key]] extends [never] ? unknown
    : Args[Key] | TaskMatcher;
};

/**
 * The arguments a task was added with, those of any of its overloads, or a predicate that knows it.
 *
 * @typeParam Task The function that was added, or its name, which tells nothing of its parameters.
 */
export type ExpectedTask<Task extends TaskReference = string> =
  | ((task: RecordedTask) => boolean)
  | (Task extends {
    (...args: infer First): unknown;
    (...args: infer Second): unknown;
    (...args: infer Third): unknown;
    (...args: infer Fourth): unknown;
  } ? ExpectedArguments<First | Second | Third | Fourth>
    : readonly unknown[]);
