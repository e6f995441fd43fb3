import { fileURLToPath } from "node:url";
import process from "node:process";
import { bundlesFolder } from "./bundles_folder.ts";
import { root } from "../../tools/project.ts";
import { RunningProcess } from "./running_process.ts";
import { runtime } from "./runtime.ts";
import { LISTENING } from "./servers/app.ts";

/** Options for {@linkcode serve}. */
export interface ServeOptions {
  /**
   * What the app finds in its environment: variables of its process, on
   * workerd the bindings of the worker.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>>;
}

/** An app that another process serves, on the runtime under test. */
export interface Served extends RunningProcess {
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** The address, without a slash at its end. */
  readonly url: string;
}

/**
 * Serves an app in a process of its own, on the runtime under test, and waits
 * until it listens.
 *
 * @example Usage
 * ```ts ignore
 * import { serve } from "./harness/serve.ts";
 *
 * await using server = await serve("tests/apps/echo.ts");
 * await fetch(server.url);
 * ```
 *
 * @param app A module whose default export has a `fetch`: a URL, or a path from the root of the project.
 * @param options What the app finds in its environment.
 * @returns The server; dispose of it with `await using`.
 */
export async function serve(
  app: string | URL,
  { env = {} }: ServeOptions = {},
): Promise<Served> {
  const path = fileURLToPath(new URL(app, root));
  const child = new RunningProcess(
    [...command(), path, JSON.stringify(env)],
    env,
  );
  try {
    const line = await child.line(LISTENING);
    child.lines.splice(child.lines.indexOf(line), 1);
    const port = Number(line.slice(LISTENING.length));
    return Object.assign(child, { port, url: `http://127.0.0.1:${port}` });
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** The command that serves an app with the runtime under test; for all but workerd that is the running one. */
function command(): string[] {
  if (runtime === "node") {
    return [
      process.execPath,
      "--enable-source-maps",
      `${bundlesFolder()}/server.mjs`,
    ];
  }
  const server = fileURLToPath(
    new URL(`tests/harness/servers/${runtime}.ts`, root),
  );
  return [
    process.execPath,
    "run",
    ...(runtime === "bun" ? [] : ["-A", "--quiet"]),
    server,
  ];
}
