/** How much a todo matters. */
export const PRIORITIES = ["low", "medium", "high"] as const;

/** One of {@linkcode PRIORITIES}. */
export type Priority = typeof PRIORITIES[number];

/** What a client says of a todo. */
export interface TodoFields {
  /** What is to be done. */
  readonly task: string;
  /** Whether it is done. */
  readonly completed: boolean;
  /** When, in ISO 8601. */
  readonly time: string;
  /** How much it matters. */
  readonly priority: Priority;
  /** From 0 to 5. */
  readonly rate: number;
}

/** Something to be done. */
export interface Todo extends TodoFields {
  /** A UUID. */
  readonly id: string;
}

/** Something that happened to a todo. */
export interface Activity {
  /** A UUID: that of the background task which wrote it. */
  readonly id: string;
  /** The todo. */
  readonly todoId: string;
  /** What happened. */
  readonly action: "create" | "update";
  /** In words. */
  readonly details: string;
  /** When it was written, in ISO 8601. */
  readonly timestamp: string;
}
