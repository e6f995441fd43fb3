import { MAY_BE_WORKERS } from "../response_end/runtime.ts";
import { thisTurn } from "../response_end/turn.ts";
import {
  findWaitUntil,
  isPlatform,
  PROCESS,
  type ResolvedWaitUntil,
} from "../wait_until/resolve_wait_until.ts";
import { isKeptAlive } from "../wait_until/srvx.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import { isFromServer, type RequestContext } from "./request_context.ts";

/** What a front door has learnt of the server that calls it. */
export interface ServerKnowledge {
  /** Whether the server was seen to hand over no execution context. */
  givesNoContext: boolean;
}

/**
 * The execution context of a request.
 *
 * Hono's getter throws where there is no execution context. The error costs 4 µs on Deno, more than
 * the rest of a request with a task. So on a plain server of Deno, Bun or Node the getter is called
 * for the first request only.
 *
 * @param context The request, as its front door was handed it.
 * @param server What the front door has learnt of its server.
 * @returns The execution context; `undefined` where there is none.
 */
export function executionContextOf(
  context: RequestContext,
  server: ServerKnowledge,
): unknown {
  const isServer = isFromServer(context.env) && !mayBePlatform();
  if (isServer && server.givesNoContext) return undefined;
  let executionContext: unknown;
  try {
    executionContext = context.executionCtx;
  } catch {
    // no execution context
  }
  if (isServer) server.givesNoContext = executionContext === undefined;
  return executionContext;
}

/**
 * Finds what keeps the work of a request alive.
 *
 * @param option The user's own, which was checked.
 * @param context The request, as its front door was handed it.
 * @param request The request itself.
 * @param server What the front door has learnt of its server.
 * @returns The `waitUntil`, and how long the platform lets the work go on.
 */
export function platformOf(
  option: WaitUntil | undefined,
  context: RequestContext,
  request: Request | undefined,
  server: ServerKnowledge,
): ResolvedWaitUntil {
  const executionContext = executionContextOf(context, server);
  if (
    option === undefined && executionContext === undefined &&
    !mayBePlatform() && !isKeptAlive(request)
  ) return PROCESS;
  const hints = { executionContext, request, platform: context.env };
  return findWaitUntil(option, hints);
}

/** Whether this may be a platform, looked up once for each turn of the event loop. */
function mayBePlatform(): boolean {
  return MAY_BE_WORKERS || (thisTurn().isOnPlatform ??= isPlatform());
}
