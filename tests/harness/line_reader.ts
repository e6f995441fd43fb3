import type { Readable } from "node:stream";

/** A line that has not come after this many milliseconds is not waited for any longer. */
const TIME_LIMIT = 120_000;

interface Waiter {
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Reads a stream line by line, and lets a test wait for a line. */
export class LineReader {
  /** The lines so far. */
  readonly lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #unfinished = "";
  #closed: string | undefined;

  /** Starts to read `stream`. */
  constructor(stream: Readable) {
    stream.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  /** Resolves with the first line, printed or yet to come, that contains `match` or for which it returns `true`. */
  line(match: string | ((line: string) => boolean)): Promise<string> {
    const matches = typeof match === "string"
      ? (line: string): boolean => line.includes(match)
      : match;
    const found = this.lines.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#closed !== undefined) {
      return Promise.reject(this.#error(match, this.#closed));
    }
    return new Promise((resolve, reject) =>
      this.#wait(match, { matches, resolve, reject })
    );
  }

  /** Ends all waiting: no line will come any more. */
  close(reason: string): void {
    if (this.#unfinished !== "") this.#read("\n");
    this.#closed = reason;
    for (const { reject } of [...this.#waiters]) {
      reject(this.#error("more", reason));
    }
  }

  #wait(match: unknown, { matches, resolve, reject }: Waiter): void {
    const settle = <T>(settled: (value: T) => void) => (value: T): void => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      settled(value);
    };
    const waiter: Waiter = {
      matches,
      resolve: settle(resolve),
      reject: settle(reject),
    };
    const timer = setTimeout(
      () =>
        waiter.reject(this.#error(match, `nothing came for ${TIME_LIMIT} ms`)),
      TIME_LIMIT,
    );
    this.#waiters.add(waiter);
  }

  #read(text: string): void {
    const parts = (this.#unfinished + text).split("\n");
    this.#unfinished = parts.pop() ?? "";
    for (const part of parts) this.#add(part.replace(/\r$/, ""));
  }

  #add(line: string): void {
    this.lines.push(line);
    for (const { matches, resolve } of [...this.#waiters]) {
      if (matches(line)) resolve(line);
    }
  }

  #error(match: unknown, reason: string): Error {
    return new Error(
      `Cannot find the line ${match}: ${reason}\nPrinted so far:\n${
        this.lines.join("\n")
      }`,
    );
  }
}
