import fc from "fast-check";

/** What one attempt of a task does. */
export interface Behaviour {
  /** `"abort"` hangs until its signal aborts, then rejects. */
  readonly does: "return" | "throw" | "resolve" | "reject" | "hang" | "abort";
  /** How long it takes until it resolves or rejects; a multiple of 4. */
  readonly takes: number;
  /** What it throws: now and then, no `Error`. */
  readonly throws: unknown;
}

/** A task, and what happens while it is called for the first time. */
export interface TaskPlan {
  /** Unique in its program, in the order of the text. */
  readonly name: string;
  /** Whether it is made by `defineTask`; otherwise it is a plain function. */
  readonly defined: boolean;
  /** What each attempt does; the last one is repeated. */
  readonly attempts: readonly Behaviour[];
  /** An even number that is no multiple of 4, so that it never ties with what a task takes. */
  readonly timeout: number | undefined;
  readonly retry:
    | {
      readonly attempts: number;
      readonly delay: number;
      readonly maxDelay: number;
    }
    | undefined;
  readonly runOn: "success" | "failure" | "always" | undefined;
  /** What it adds. */
  readonly adds: readonly Step[];
  /** The name of the task it cancels then, if that was added; it may be itself. */
  readonly cancels: string | undefined;
}

/** A task alone, or several as a group. */
export type Step = readonly TaskPlan[];

/** What happens in one request, and to it. */
export interface Program {
  readonly steps: readonly Step[];
  readonly handlerFails: boolean;
  readonly stopOnError: boolean;
  /** Cancelled by the handler, by name. */
  readonly cancelledAtOnce: readonly string[];
  /** Cancelled from outside; never at the time of anything else. */
  readonly cancelledLater: readonly {
    readonly name: string;
    readonly at: number;
  }[];
  /** When the drain deadline passes: an odd number, because everything else is even. */
  readonly deadline: number;
}

/** The time within which nearly everything happens. */
const SPAN = 400;

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  does: fc.constantFrom(
    ...["return", "throw", "resolve", "reject", "hang", "abort"] as const,
  ),
  takes: fc.nat({ max: 20 }).map((n) => n * 4),
  throws: fc.constantFrom<unknown>(
    ...[new Error("planned"), undefined, null, "a string", 0],
    { then: "no function" },
  ),
});

interface Draft extends Omit<TaskPlan, "name" | "adds" | "cancels"> {
  readonly adds: readonly (readonly Draft[])[];
  readonly cancels: number | undefined;
}

const draft: fc.Arbitrary<Draft> = fc.letrec<{ task: Draft }>((tie) => ({
  task: fc.record({
    defined: fc.boolean(),
    attempts: fc.array(behaviour, { minLength: 1, maxLength: 3 }),
    timeout: fc.option(fc.nat({ max: 15 }).map((n) => n * 4 + 2), {
      nil: undefined,
    }),
    retry: fc.option(
      fc.record({
        attempts: fc.integer({ min: 1, max: 4 }),
        delay: fc.integer({ min: 1, max: 20 }).map((n) => n * 2),
        maxDelay: fc.integer({ min: 1, max: 40 }).map((n) => n * 2),
      }),
      { nil: undefined },
    ),
    runOn: fc.option(
      fc.constantFrom("success", "failure", "always"),
      { nil: undefined },
    ),
    adds: fc.oneof(
      { maxDepth: 2, depthIdentifier: "nesting" },
      fc.constant([]),
      fc.array(
        fc.array(tie("task"), {
          minLength: 1,
          maxLength: 3,
          depthIdentifier: "nesting",
        }),
        { maxLength: 2, depthIdentifier: "nesting" },
      ),
    ),
    cancels: fc.option(fc.nat(), { nil: undefined, freq: 5 }),
  }),
})).task;

/** Generates programs of every feature, nested up to two levels. */
export const program: fc.Arbitrary<Program> = fc.record({
  steps: fc.array(fc.array(draft, { minLength: 1, maxLength: 3 }), {
    maxLength: 5,
  }),
  handlerFails: fc.boolean(),
  stopOnError: fc.boolean(),
  cancelledAtOnce: fc.array(fc.nat(), { maxLength: 2 }),
  cancelledLater: fc.array(
    fc.record({ index: fc.nat(), at: fc.nat({ max: SPAN }) }),
    { maxLength: 3 },
  ),
  deadline: fc.oneof(
    fc.nat({ max: SPAN }).map((n) => n * 2 + 1),
    fc.constant(1_000_001),
  ),
}).map((drafts) => {
  const names: string[] = [];
  const steps = drafts.steps.map((step) => named(step, names));
  const pick = (index: number): string =>
    names[index % names.length] ?? "nobody";
  return {
    ...drafts,
    steps: steps.map((step) => finished(step, pick)),
    cancelledAtOnce: drafts.cancelledAtOnce.map(pick),
    cancelledLater: drafts.cancelledLater.map(({ index, at }, order) => ({
      name: pick(index),
      at: at + 0.5 + order / 100,
    })),
  };
});

interface NamedDraft extends Omit<Draft, "adds"> {
  readonly name: string;
  readonly adds: readonly (readonly NamedDraft[])[];
}

/** In a group only one task adds: which of two adds first is nobody's business. */
function named(step: readonly Draft[], names: string[]): NamedDraft[] {
  let adder: Draft | undefined;
  return step.map((draft) => {
    const name = `t${names.length}`;
    names.push(name);
    if (draft.adds.length > 0) adder ??= draft;
    const adds = draft === adder ? draft.adds : [];
    return { ...draft, name, adds: adds.map((step) => named(step, names)) };
  });
}

/** A task of a group cancels nobody, for the same reason. */
function finished(
  step: readonly NamedDraft[],
  pick: (index: number) => string,
): Step {
  return step.map((draft) => ({
    ...draft,
    adds: draft.adds.map((step) => finished(step, pick)),
    cancels: draft.cancels === undefined || step.length > 1
      ? undefined
      : pick(draft.cancels),
  }));
}
