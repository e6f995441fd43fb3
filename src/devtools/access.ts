import type { Context } from "hono";
import { property } from "../check/property.ts";

/**
 * Headers that proxies, load balancers and content delivery networks add: the client is then not
 * the machine that is connected. A header that looks like one of these closes the page. A header too
 * many in this list costs a developer one line, `allow`; a header too few shows the page to the
 * world.
 */
const PROXY_HEADER = new RegExp(
  [
    "forwarded", // RFC 7239, and whatever x- is made of it
    "(^|-)via$",
    "^(x-)?(true|real|client|original|cluster|remote|connecting)-",
    "-(client|connecting|connection|real|remote|source)-?(ip|addr|address)$",
    "^x-(host|scheme|proto|url|ssl|proxy|varnish|envoy|arr|azure|amzn?)",
    "^x-(appengine|cloud|nf|vercel|sucuri|rewrite)-",
    "^(cf|fastly|fly|proxy|do|incap|ali|cloudfront|front-end)-",
    "^max-forwards$|^x-(request|queue)-start$|clientip",
    "(^|-)(nginx|haproxy|traefik|akamai|ngrok|edge|cdn)(-|$)",
  ].join("|"),
  "i",
);

/**
 * Whether a request was made on this very machine, by somebody who develops: the connection and
 * the host name are those of the loopback interface, no proxy says that it is in between, and
 * `NODE_ENV` can be read and is not `production`. A host name is asked for too, so that no other
 * website can reach the page through a name of its own that leads to 127.0.0.1. A proxy on this
 * machine that asks for `localhost` and adds no header, as nginx does unless it is told to, looks
 * like a developer.
 *
 * @param c The Hono context.
 * @returns `false` also where the runtime does not tell who is connected, as on Workers.
 */
export function isLocalDevelopment(c: Context): boolean {
  const { hostname } = new URL(c.req.url);
  return isLoopbackName(hostname) && isLoopbackAddress(remoteAddress(c)) &&
    ![...c.req.raw.headers.keys()].some((name) => PROXY_HEADER.test(name)) &&
    !mayBeProduction();
}

function isLoopbackName(hostname: string): boolean {
  return ["localhost", "[::1]", "0.0.0.0"].includes(hostname) ||
    hostname.endsWith(".localhost") || isLoopbackAddress(hostname);
}

function isLoopbackAddress(address: unknown): boolean {
  return typeof address === "string" &&
    (address === "::1" ||
      /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address));
}

/** The address at the other end of the connection, as each runtime tells it. */
function remoteAddress(c: Context): unknown {
  const { env, req: { raw } } = c;
  const node = property(property(env, "incoming"), "socket");
  return property(property(env, "remoteAddr"), "hostname") ?? // Deno
    property(node, "remoteAddress") ?? // Node
    requestIP(env, raw) ?? requestIP(property(env, "server"), raw) ?? // Bun
    property(raw, "ip"); // srvx
}

function requestIP(server: unknown, request: Request): unknown {
  if (typeof property(server, "requestIP") !== "function") return undefined;
  const bun = server as { requestIP(request: Request): unknown };
  try {
    return property(bun.requestIP(request), "address");
  } catch {
    return undefined; // a binding of a Worker that answers every name
  }
}

/**
 * Whether `NODE_ENV` says so, or cannot be read: Deno is not asked for a permission that the process
 * was not given, and where there is no environment nobody knows.
 */
function mayBeProduction(): boolean {
  const { Deno, process } = globalThis as {
    Deno?: {
      permissions: { querySync(descriptor: object): { state: string } };
    };
    process?: { env: Record<string, string | undefined> };
  };
  const variable = "NODE_ENV";
  try {
    if (process === undefined) return true;
    if (Deno === undefined) return process.env[variable] === "production";
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    return state !== "granted" || process.env[variable] === "production";
  } catch {
    return true;
  }
}
