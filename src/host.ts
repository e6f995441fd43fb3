/** The request some tasks belong to, as a front door knows it. */
export interface Host {
  readonly request: Request | undefined;
  readonly platform: unknown;
  /** The execution context, where there is one; looked up when the first task is added. */
  readonly executionContext: unknown;
  /** What the handler threw, if it did. */
  readonly failure: { readonly cause: unknown } | undefined;
}

/** A request that two front doors see: the inner one may catch what the handler threw. */
export class JoinedHost implements Host {
  readonly request: Request | undefined;
  readonly platform: unknown;
  readonly #outer: Host;
  readonly #inner: Host;

  /**
   * Joins what two front doors know.
   *
   * @param outer The one that made the tasks of the request.
   * @param inner The one further in.
   */
  constructor(outer: Host, inner: Host) {
    this.request = outer.request;
    this.platform = outer.platform;
    this.#outer = outer;
    this.#inner = inner;
  }

  get executionContext(): unknown {
    return this.#outer.executionContext ?? this.#inner.executionContext;
  }

  get failure(): { readonly cause: unknown } | undefined {
    return this.#outer.failure ?? this.#inner.failure;
  }
}
