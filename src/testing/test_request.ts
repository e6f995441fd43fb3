import { checkKeys } from "../check.ts";

/** What to send with a request. At most one of `json`, `form` and `body`. */
export interface TestRequestOptions {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  readonly method?: string;
  /** A body to send as JSON. */
  readonly json?: unknown;
  /** The fields of a form to send: URL-encoded, or multipart for a `FormData`. */
  readonly form?: Readonly<Record<string, string>> | URLSearchParams | FormData;
  /** A body to send as it is. */
  readonly body?: BodyInit;
  /** The headers. */
  readonly headers?: HeadersInit;
  /** What to add to the query of the URL. */
  readonly query?:
    | Readonly<Record<string, string | number | boolean>>
    | URLSearchParams;
}

const KEYS = ["method", "json", "form", "body", "headers", "query"];

/** Where a path without an origin is: no test leaves the process. */
const ORIGIN = "http://localhost";

/**
 * Makes the request of a test client.
 *
 * @param path The path, or a whole URL.
 * @param options What to send.
 * @returns The request.
 * @throws {TypeError} If an option is unknown, or there is more than one body.
 */
export function createRequest(
  path: string | URL,
  options: TestRequestOptions,
): Request {
  checkKeys("request option", options, KEYS);
  const url = new URL(path, ORIGIN);
  for (const [key, value] of entriesOf(options.query ?? {})) {
    url.searchParams.append(key, String(value));
  }
  const headers = new Headers(options.headers);
  const body = bodyOf(options);
  if (options.json !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  return new Request(url, {
    method: options.method ?? "GET",
    headers,
    ...(body !== undefined && { body }),
  });
}

function bodyOf(
  { json, form, body }: TestRequestOptions,
): BodyInit | undefined {
  const given = [json, form, body].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new TypeError(
      "Cannot send more than one body: write one of json, form and body",
    );
  }
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined || form instanceof FormData) return form ?? body;
  return new URLSearchParams(form);
}

function entriesOf(
  query: NonNullable<TestRequestOptions["query"]>,
): Iterable<[string, unknown]> {
  return query instanceof URLSearchParams ? query : Object.entries(query);
}
