import { checkKeys, describeValue } from "../check/check.ts";

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
  /** What to add to the query of the URL; what is `undefined` is left out. */
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
 * @throws {TypeError} If there is no path, an option is unknown or of the wrong kind, or there is
 * more than one body.
 */
export function createRequest(
  path: string | URL,
  options: TestRequestOptions,
): Request {
  checkKeys("request option", options, KEYS);
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new TypeError(
      `Cannot request ${
        describeValue(path)
      }: write a path such as "/signup", or a URL`,
    );
  }
  const url = new URL(path, ORIGIN);
  for (const [key, value] of entriesOf(options.query ?? {})) {
    if (value !== undefined) url.searchParams.append(key, String(value));
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
  if (["an object", "an array"].includes(describeValue(body))) {
    throw new TypeError(
      `Cannot send ${
        describeValue(body)
      } as it is: write json: value in place of body: value`,
    );
  }
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined || form instanceof FormData) return form ?? body;
  return new URLSearchParams(form);
}

function entriesOf(
  query: NonNullable<TestRequestOptions["query"]>,
): Iterable<[string, unknown]> {
  if (typeof query !== "object") {
    throw new TypeError(
      `Cannot use query ${
        describeValue(query)
      }: write an object such as { page: 2 }`,
    );
  }
  return query instanceof URLSearchParams ? query : Object.entries(query);
}
