/** A cookie as a response set it. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** The host that set it, or the `Domain` it asked for. */
  readonly domain: string;
  /** Whether only that very host gets it. */
  readonly isHostOnly: boolean;
  readonly path: string;
  readonly isSecure: boolean;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/**
 * Reads a `set-cookie` header.
 *
 * @param line Its value.
 * @param url Where the request went.
 * @returns The cookie; `undefined` for what a browser refuses.
 */
export function parseCookie(line: string, url: URL): Cookie | undefined {
  const [pair = "", ...rest] = line.split(";");
  const [name, value] = nameAndValue(pair);
  if (name === "") return undefined;
  const attributes = new Map(
    rest.map(nameAndValue).map(([key, text]) => [key.toLowerCase(), text]),
  );
  const asked = attributes.get("domain")?.replace(/^\./, "").toLowerCase();
  const domain = asked || url.hostname;
  if (!isWithin(url.hostname, domain)) return undefined;
  const path = attributes.get("path") ?? "";
  return {
    name,
    value,
    domain,
    isHostOnly: !asked,
    path: path.startsWith("/") ? path : folderOf(url.pathname),
    isSecure: attributes.has("secure"),
    expires: expiryOf(attributes),
  };
}

/**
 * Parts a text such as `user=ada`.
 *
 * @param text The text.
 * @returns What is before the sign, and what is behind it.
 */
export function nameAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  return at === -1
    ? [text.trim(), ""]
    : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function expiryOf(attributes: ReadonlyMap<string, string>): number {
  const age = attributes.get("max-age");
  if (age !== undefined && /^-?\d+$/.test(age)) {
    return Date.now() + Number(age) * 1_000;
  }
  const expires = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? Infinity : expires;
}

/**
 * Whether a cookie is sent with a request.
 *
 * @param cookie The cookie.
 * @param url Where the request goes.
 * @returns Whether host, path and `Secure` allow it; the time of the cookie is not looked at.
 */
export function isFor(
  cookie: Cookie,
  { hostname, pathname, protocol }: URL,
): boolean {
  const { domain, isHostOnly, path, isSecure } = cookie;
  const isHost = isHostOnly ? hostname === domain : isWithin(hostname, domain);
  // browsers trust the loopback interface as they trust https
  const isTrusted = protocol === "https:" || isWithin(hostname, "localhost");
  return isHost && isBelow(pathname, path) && (isTrusted || !isSecure);
}

function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

function isBelow(pathname: string, path: string): boolean {
  return pathname === path ||
    pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}

/** Where a cookie without a path belongs: `/a` for `/a/b`. */
function folderOf(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}
