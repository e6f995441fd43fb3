/** A promise that a test resolves. */
export interface Gate {
  /** Resolves once the gate is open. */
  readonly opened: Promise<void>;
  /** Opens it. */
  readonly open: () => void;
}

/** Makes a gate that is closed. */
export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}
