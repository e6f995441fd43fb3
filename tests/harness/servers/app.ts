import { pathToFileURL } from "node:url";

/** What an app under test exports by default: a Hono app, or any object with a `fetch`. */
export interface App {
  /** Answers a request; what follows it is whatever the runtime hands over. */
  fetch(request: Request, ...platform: unknown[]): Response | Promise<Response>;
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
