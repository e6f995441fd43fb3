import {
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "../response_end/response_end_source.ts";

/**
 * srvx, and with it h3 and Nitro: the raw request has a `waitUntil`, on every runtime. A request
 * that was cloned has lost it. `server.close()` awaits what was registered when it was called, and
 * nothing later.
 *
 * It is the request's own. A request of Next.js on its edge runtime inherits a `waitUntil` that does
 * nothing but throw.
 *
 * Shape: `createWaitUntil` in `src/_utils.ts`, and the adapters in `src/adapters/`, of h3js/srvx.
 */
export const srvx: WaitUntilSource = {
  name: "srvx",
  findWaitUntil: ({ request }: WaitUntilHints) =>
    isKeptAlive(request) ? waitUntilOf(request) : undefined,
};

/** What srvx puts on a request beside that. */
interface SrvxRequest {
  readonly runtime?: {
    readonly bun?: { readonly server?: unknown };
    readonly deno?: { readonly info?: unknown };
    readonly node?: unknown;
  };
}

/**
 * What the server of the runtime handed to srvx, which puts it on the request.
 *
 * @param request The request, as srvx made it.
 * @returns Node's `{ req, res }`, Deno's info or Bun's server; `undefined` without srvx.
 */
export function handedToSrvx(request: Request | undefined): unknown {
  const { runtime } = (request ?? {}) as SrvxRequest;
  return runtime?.node ?? runtime?.deno?.info ?? runtime?.bun?.server;
}

/** Whether a request has a `waitUntil` of its own. */
export function isKeptAlive(request: Request | undefined): boolean {
  return request !== undefined && Object.hasOwn(request, "waitUntil");
}
