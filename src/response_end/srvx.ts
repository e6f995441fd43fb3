/** What srvx puts on a request beside its `waitUntil`. */
interface SrvxRequest {
  readonly runtime?: {
    readonly bun?: { readonly server?: unknown };
    readonly deno?: { readonly info?: unknown };
    readonly node?: unknown;
  };
}

/**
 * The value that the runtime's server gave srvx, which srvx stores on the request.
 *
 * @param request The request, as srvx made it.
 * @returns Node's `{ req, res }`, Deno's info or Bun's server; `undefined` without srvx.
 */
export function handedToSrvx(request: Request | undefined): unknown {
  const { runtime } = (request ?? {}) as SrvxRequest;
  return runtime?.node ?? runtime?.deno?.info ?? runtime?.bun?.server;
}
