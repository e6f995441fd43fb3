import type { Socket } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** What an app under test exports by default: a Hono app, or any object with a `fetch`. */
export interface App {
  /** Answers a request; what follows it is whatever the runtime hands over. */
  fetch(request: Request, ...platform: unknown[]): Response | Promise<Response>;
  /** What Bun's and Node's servers want to know of its WebSockets. */
  readonly websocket?: unknown;
}

/** The line that tells {@linkcode serve} where the server listens; never part of what it reports. */
export const LISTENING = "::listening on port ";

/** Imports the app at `path`. */
export async function loadApp(path = ""): Promise<App> {
  const { default: app } = await import(pathToFileURL(path).href);
  if (typeof app?.fetch !== "function") {
    throw new TypeError(
      `Cannot serve ${path}: its default export has no fetch`,
    );
  }
  return app;
}

/** Tells the parent process that the server accepts connections. */
export function listening(port: number | string): void {
  console.log(`${LISTENING}${port}`);
}

/** Ends this process when the one that started it is gone, however that ended: only then its stdin is closed. */
export function endWithParent(): void {
  process.stdin.once("end", () => process.kill(process.pid, "SIGKILL"));
  process.stdin.resume();
  (process.stdin as unknown as Socket).unref(); // waiting for that keeps nothing alive
}
