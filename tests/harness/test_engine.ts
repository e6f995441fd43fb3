/** An engine of a test's own, which can fail as engines do. */
export interface TestEngine extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** Stops it, as an outage does; what it has acknowledged stays. */
  stop(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
  /** Stops its processes where they are, with SIGSTOP, until {@linkcode thaw}. */
  freeze(): void;
  /** Ends {@linkcode freeze}. */
  thaw(): void;
}
