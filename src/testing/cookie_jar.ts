import { describeValue } from "../check/check.ts";
import { type Cookie, isFor, nameAndValue, parseCookie } from "./cookie.ts";

/**
 * Keeps the cookies that responses set, and sends them with the requests they are meant for, as a
 * browser does: by host, path, `Secure` and time.
 *
 * Hand one to a `TestClient`, or the same one to several clients that are one visitor.
 *
 * @example Stay signed in
 * ```ts
 * import { CookieJar, TestClient } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const app = (request: Request): Response =>
 *   new URL(request.url).pathname === "/login"
 *     ? new Response("welcome", { headers: { "set-cookie": "user=ada; HttpOnly; Path=/" } })
 *     : new Response(request.headers.get("cookie"));
 *
 * const cookies = new CookieJar();
 * const client = new TestClient(app, { cookies });
 * await client.post("/login");
 * assertEquals(await (await client.get("/me")).text(), "user=ada");
 * assertEquals(cookies.get("user"), "ada");
 * ```
 */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /**
   * The value of a cookie that has not expired.
   *
   * @param name Its name.
   * @returns The value as it was set, or `undefined` where there is none.
   */
  get(name: string): string | undefined {
    return this.#kept().find((cookie) => cookie.name === name)?.value;
  }

  /**
   * Sets a cookie of `http://localhost/`, as a response of the app would.
   *
   * @param name Its name.
   * @param value Its value, as it is sent.
   * @throws {TypeError} If one is not a string, or has a semicolon.
   */
  set(name: string, value: string): void {
    const isText = (each: unknown): boolean =>
      typeof each === "string" && !each.includes(";"); // which ends a value
    if (!isText(name) || !isText(value)) {
      throw new TypeError(
        `Cannot set cookie ${describeValue(name)} to ${
          describeValue(value)
        }: write two strings without ";"`,
      );
    }
    this.#keep(`${name}=${value}; Path=/`, new URL("http://localhost/"));
  }

  /** Forgets every cookie. */
  clear(): void {
    this.#cookies.clear();
  }

  /**
   * What to send with a request.
   *
   * @param url Where it goes.
   * @returns The `cookie` header, or `undefined` for none.
   */
  headerFor(url: URL): string | undefined {
    const sent = this.#kept().filter((cookie) => isFor(cookie, url))
      .sort((a, b) => b.path.length - a.path.length);
    if (sent.length === 0) return undefined;
    return sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /**
   * Keeps what a response sets.
   *
   * @param response The response.
   * @param url Where its request went.
   */
  keepFrom(response: Response, url: URL): void {
    for (const line of response.headers.getSetCookie()) this.#keep(line, url);
  }

  #kept(): Cookie[] {
    const now = Date.now();
    return [...this.#cookies.values()].filter(({ expires }) => expires > now);
  }

  #keep(line: string, url: URL): void {
    const cookie = parseCookie(line, url);
    if (cookie === undefined) return;
    const { name, domain, path } = cookie;
    this.#cookies.set(`${name};${domain};${path}`, cookie);
  }
}

/**
 * Adds the cookies of a jar to a request; one that the request has itself stays as it is.
 *
 * @param jar The jar, where there is one.
 * @param request The request, whose headers change.
 * @param url Where it goes.
 */
export function addCookies(
  jar: CookieJar | undefined,
  request: Request,
  url: URL,
): void {
  const kept = jar?.headerFor(url);
  if (kept === undefined) return;
  const given = request.headers.get("cookie")?.split("; ") ?? [];
  const names = new Set(given.map((pair) => nameAndValue(pair)[0]));
  const others = kept.split("; ").filter((pair) =>
    !names.has(nameAndValue(pair)[0])
  );
  request.headers.set("cookie", [...given, ...others].join("; "));
}
