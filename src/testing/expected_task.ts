import type { RecordedTask } from "./recorded_task.ts";

/** A task, by the function that was added, or by its name. */
export type TaskReference = string | ((...args: never[]) => unknown);

/**
 * What `expect.any(String)` of Vitest or Jest is: it judges an argument in place of being equal to it.
 * That of Bun shows no method.
 */
export interface TaskMatcher {
  /** Judges what there is. */
  asymmetricMatch(actual: unknown): boolean;
}

/** The parameters of a function; those of each overload, up to four. */
type Parameters<Fn> = Fn extends {
  (...args: infer First): unknown;
  (...args: infer Second): unknown;
  (...args: infer Third): unknown;
  (...args: infer Fourth): unknown;
} ? First | Second | Third | Fourth
  : readonly unknown[];

/** Each of them, or a matcher; what only the call would tell, such as `keyof T`, may be anything. */
type Expected<Args> = {
  readonly [Key in keyof Args]: [Args[Key]] extends [never] ? unknown
    : Args[Key] | TaskMatcher;
};

/**
 * What a task was added with.
 *
 * @typeParam Task The function, whose parameters they are; any for a name.
 */
export type ExpectedArguments<Task extends TaskReference> = Task extends string
  ? readonly unknown[]
  : Expected<Parameters<Task>>;

/**
 * The arguments a task was added with, or a predicate that knows it.
 *
 * @typeParam Task The function that was added, or its name.
 */
export type ExpectedTask<Task extends TaskReference = string> =
  | ExpectedArguments<Task>
  | ((task: RecordedTask) => boolean);
