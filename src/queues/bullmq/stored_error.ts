import { UnrecoverableError } from "bullmq";
import { messageOf, stackOf } from "../../check/thrown.ts";

/** The longest text of an error that is stored; each attempt stores one. */
const LONGEST = 4_000;

/**
 * What BullMQ is told of an attempt that failed: an error of this package, with the text of what was
 * thrown and nothing else of it. BullMQ takes errors of some names, and one message, for orders of
 * its own, and neither engine stores every text: a job whose failure is not stored runs for ever.
 *
 * @param thrown What the handler threw.
 * @param permanent Whether the task is given up.
 * @returns The error.
 */
export function storedError(thrown: unknown, permanent: boolean): Error {
  // an empty message loses its error's name on the way out of a thread
  const text = storedText(messageOf(thrown)).replace(/^bullmq:/, "BullMQ: ") ||
    "an error without a message";
  const error = permanent ? new UnrecoverableError(text) : new Error(text);
  error.stack = storedText(stackOf(thrown) ?? text);
  return error;
}

function storedText(value: string): string {
  const text = value.replaceAll("\0", "\ufffd");
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.toWellFormed();
}
