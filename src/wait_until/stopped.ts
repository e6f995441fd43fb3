import { IS_WORKERS } from "../response_end/runtime.ts";

/** The few members of the runtimes that are read here. */
interface Globals {
  readonly process?: {
    readonly env: Readonly<Record<string, string | undefined>>;
  };
  readonly Deno?: {
    readonly permissions: {
      querySync(permission: object): { readonly state: string };
    };
  };
}

let hasLooked = false;

/**
 * Warns once where no `waitUntil` was found, or it failed, and the platform stops work after the
 * response. On a server, the process keeps the work.
 */
export function warnIfStopped(): void {
  if (hasLooked) return;
  hasLooked = true;
  const where = IS_WORKERS
    ? "Workers: hand on ctx, as in app.fetch(request, env, ctx), or set nodejs_compat"
    : functionPlatform();
  if (where) {
    console.warn(`Background tasks: nothing keeps them alive on ${where}`);
  }
}

/** A platform that may stop or freeze the process when a handler has returned. */
function functionPlatform(): string | undefined {
  const { Deno, process } = globalThis as Globals;
  try {
    // reading the environment would make Deno prompt at the terminal
    if (Deno?.permissions.querySync({ name: "env" }).state === "prompt") return;
    const { AWS_LAMBDA_FUNCTION_NAME, FUNCTIONS_WORKER_RUNTIME } = process!.env;
    const name = AWS_LAMBDA_FUNCTION_NAME
      ? "AWS Lambda"
      : FUNCTIONS_WORKER_RUNTIME && "Azure Functions";
    return name && `${name}: read the body, then await drain()`;
  } catch {
    // no environment, or none that may be read
  }
}
