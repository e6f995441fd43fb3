/** The request some tasks belong to, as a front door knows it. */
export interface Host {
  readonly request: Request | undefined;
  readonly platform: unknown;
  /** The execution context, where there is one; looked up when the first task is added. */
  readonly executionContext: unknown;
  /** What the handler threw, if it did. */
  readonly failure: { readonly cause: unknown } | undefined;
}

/**
 * Joins what two front doors know of a request: the inner one may catch what the handler threw.
 *
 * @param outer The one that made the tasks of the request.
 * @param inner The one further in.
 */
export function joinHosts(outer: Host, inner: Host): Host {
  const { request, platform } = outer;
  return {
    request,
    platform,
    get executionContext() {
      return outer.executionContext ?? inner.executionContext;
    },
    get failure() {
      return outer.failure ?? inner.failure;
    },
  };
}
