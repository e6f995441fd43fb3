/**
 * Whether Redis answers that it is no primary any more: a failover need not cut connections, and one
 * that is made anew leads to the next primary.
 *
 * @param error What it answered: an error of a script has it in the middle before Redis 7.
 * @returns Whether to connect anew.
 */
export function isDemoted({ message }: Pick<Error, "message">): boolean {
  return /\b(?:READONLY|UNBLOCKED)\b/.test(message);
}
