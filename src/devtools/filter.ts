import type { SeenRequest, SeenTask } from "./journal.ts";
import { SIGNS } from "./signs.ts";

/** Which tasks the page shows. */
export interface Filter {
  /** Part of the name, in any case. */
  readonly name: string;
  /** The status; an empty text is any. */
  readonly outcome: string;
}

/** Every status, in the order of the menu. */
export const OUTCOMES: readonly string[] = Object.keys(SIGNS);

/**
 * Reads the filter from a query.
 *
 * @param query The query of the page.
 * @returns The filter. A part of the query that is no filter lets every task through.
 */
export function filterOf(query: Readonly<Record<string, string>>): Filter {
  const { name = "", outcome = "" } = query;
  return {
    name: name.trim().slice(0, 200),
    outcome: OUTCOMES.find((status) => status === outcome) ?? "",
  };
}

/**
 * The tasks of a request that pass a filter.
 *
 * @param request The request.
 * @param filter What is asked for.
 * @returns The tasks, in the order they were added.
 */
export function matching(
  request: SeenRequest,
  { name, outcome }: Filter,
): SeenTask[] {
  const part = name.toLowerCase();
  return request.tasks.filter((task) =>
    task.name.toLowerCase().includes(part) &&
    (outcome === "" || task.status === outcome)
  );
}
