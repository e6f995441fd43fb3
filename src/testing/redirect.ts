/** How many redirects in a row are followed, as browsers do: more than that is a circle. */
const MOST_REDIRECTS = 20;

/**
 * Finds the request that a redirect asks for, as a browser does: 303 becomes a GET, and so does a
 * POST with 301 or 302; 307 and 308 send method and body again. One to another origin is not
 * followed: no test leaves the app.
 *
 * @param copy What was sent, its body unread.
 * @param response What came.
 * @returns The next request, or `undefined` where there is none.
 */
export function redirectOf(
  copy: Request,
  { status, headers }: Response,
): Request | undefined {
  const location = headers.get("location");
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect || location === null) return undefined;
  const url = new URL(location, copy.url);
  if (url.origin !== new URL(copy.url).origin) return undefined;
  return next(copy, url, becomesGet(status, copy.method));
}

/**
 * Refuses redirects that go round in circles.
 *
 * @param count How many were followed.
 * @param request The one that would be sent next.
 * @throws {Error} If there were too many.
 */
export function checkRedirects(count: number, request: Request): void {
  if (count <= MOST_REDIRECTS) return;
  throw new Error(
    `Cannot follow the redirect to ${request.url}: ${MOST_REDIRECTS} were followed before it; write followRedirects: false to look at the first`,
  );
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== "HEAD";
  return method === "POST" && (status === 301 || status === 302);
}

function next(copy: Request, url: URL, isGet: boolean): Request {
  if (!isGet) return new Request(url, copy);
  const headers = new Headers(copy.headers);
  for (const name of ["content-type", "content-length"]) headers.delete(name);
  return new Request(url, { headers, signal: copy.signal });
}
