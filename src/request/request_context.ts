/**
 * The request that some tasks belong to, as a front door received it. It has the shape of Hono's
 * context, so Hono's context is used as it is, and no further object is made for a request.
 */
export interface RequestContext {
  /** What the runtime handed to the fetch handler beside the request. */
  readonly env: unknown;
  /** The execution context; a getter of it may throw where there is none. */
  readonly executionCtx: unknown;
  /** What a framework caught of the handler; `undefined` where it caught nothing. */
  readonly error: unknown;
  /** The status that was sent, where the handler sends its response itself: below `./node`. */
  readonly sentStatus?: number | undefined;
}

/** Members of what each server hands over: Deno's info, Bun's server, Node's bindings. */
interface ServerMembers {
  readonly completed?: unknown;
  readonly requestIP?: unknown;
  readonly outgoing?: unknown;
}

/**
 * Whether an app was called by the server of Deno, Bun or Node, which hand over no execution context.
 *
 * @param env What was handed over beside the request.
 * @returns Whether it is a server's.
 */
export function isFromServer(env: unknown): boolean {
  const server = env as ServerMembers | null | undefined;
  const member = server?.completed ?? server?.requestIP ?? server?.outgoing;
  return member !== undefined;
}
