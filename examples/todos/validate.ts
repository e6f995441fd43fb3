import { PRIORITIES, type TodoFields } from "./todo.ts";

/** Why a value was refused. */
export interface Problem {
  /** The field, or `"body"`. */
  readonly field: string;
  /** What it must be. */
  readonly reason: string;
}

/** What a client sent cannot be used: the answer is 422, with all the reasons. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";

  /** All the reasons. */
  readonly problems: readonly Problem[];

  /** Creates it. */
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ field, reason }) => `${field} ${reason}`).join("; "));
    this.problems = problems;
  }
}

type Fields = Partial<Record<keyof TodoFields, unknown>>;

/** What each field must be, in words and in code. */
const RULES: Record<
  keyof TodoFields,
  readonly [string, (value: unknown) => boolean]
> = {
  task: [
    "must be a text of 1 to 200 characters",
    (value) =>
      typeof value === "string" && value.trim() !== "" && value.length <= 200,
  ],
  completed: [
    "must be true or false",
    (value) => typeof value === "boolean",
  ],
  time: [
    "must be a date and time such as 2026-11-22T18:00:00Z",
    (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  ],
  priority: [
    `must be one of ${PRIORITIES.join(", ")}`,
    (value) => PRIORITIES.some((priority) => priority === value),
  ],
  rate: [
    "must be an integer from 0 to 5",
    (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 &&
      value <= 5,
  ],
};

/** The fields of a new todo, with defaults for all but `task`. */
export function checkNewTodo(body: unknown): TodoFields {
  const fields = checkFields(body, ["task"]);
  return {
    completed: false,
    priority: "medium",
    rate: 0,
    ...fields,
    time: new Date(fields.time ?? Date.now()).toISOString(),
  } as TodoFields;
}

/** The fields of a todo that are to change. */
export function checkChanges(body: unknown): Partial<TodoFields> {
  const { time, ...fields } = checkFields(body, []);
  return time === undefined
    ? fields
    : { ...fields, time: new Date(time).toISOString() };
}

function checkFields(
  body: unknown,
  required: readonly string[],
): Partial<TodoFields> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ValidationError([{ field: "body", reason: "must be an object" }]);
  }
  const fields = body as Fields;
  const problems: Problem[] = [];
  for (const field of Object.keys(fields)) {
    if (!Object.hasOwn(RULES, field)) {
      problems.push({ field, reason: "is no field of a todo" });
    }
  }
  for (const [field, [reason, isValid]] of Object.entries(RULES)) {
    const value = fields[field as keyof TodoFields];
    const isMissing = value === undefined && !required.includes(field);
    if (!isMissing && !isValid(value)) problems.push({ field, reason });
  }
  if (problems.length > 0) throw new ValidationError(problems);
  return fields as Partial<TodoFields>;
}
