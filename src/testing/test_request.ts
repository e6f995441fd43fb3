import { describeValue } from "../check/check.ts";
import { checkOptions, type Rules, SWITCH } from "../check/rules.ts";

/** What to send with a request. At most one of `json`, `form` and `body`. */
export interface TestRequestOptions {
  /**
   * The method.
   *
   * @default {"GET"} (that of the `Request`, where one is sent)
   */
  readonly method?: string;
  /** A body to send as JSON. */
  readonly json?: unknown;
  /**
   * The fields of a form to send: URL-encoded, or multipart for a `FormData`; what is `undefined` is
   * left out.
   */
  readonly form?: Readonly<Record<string, string>> | URLSearchParams | FormData;
  /** A body to send as it is: a stream too, on every runtime. */
  readonly body?: NonNullable<RequestInit["body"]>;
  /** The headers. Where a `Request` is sent, they replace its headers of the same name. */
  readonly headers?: NonNullable<RequestInit["headers"]>;
  /** What to add to the query of the URL; what is `undefined` is left out. */
  readonly query?:
    | Readonly<Record<string, string | number | boolean>>
    | URLSearchParams;
  /**
   * When it aborts, the client leaves: the app's `request.signal` aborts, and what is left of the
   * body is not read. Where the app had answered by then, the request resolves with what was read;
   * where it had not, it rejects with the reason of the signal. Either way the tasks run first.
   *
   * @default {undefined} (the client stays)
   */
  readonly signal?: AbortSignal;
  /**
   * Whether to follow redirects of this request.
   *
   * @default {what the client says} (`false`)
   */
  readonly followRedirects?: boolean;
}

const RULES: Rules = {
  method: undefined,
  json: undefined,
  form: undefined,
  body: undefined,
  headers: undefined,
  query: undefined,
  signal: [
    "object",
    "write an AbortSignal, such as that of an AbortController",
    (signal: unknown) => signal instanceof AbortSignal,
  ],
  followRedirects: SWITCH,
};

/** Where a path without an origin is: no test leaves the process. */
const ORIGIN = "http://localhost";

/** Node wants it of every body that is a stream; the others leave it unread. */
interface RequestOptions extends RequestInit {
  readonly duplex: "half";
}

/**
 * Makes the request of a test client.
 *
 * @param target The path, a whole URL, or a `Request`, whose body is taken out of it.
 * @param options What to send.
 * @returns The request.
 * @throws {TypeError} If there is no path, an option is unknown or of the wrong kind, or there is
 * more than one body.
 */
export function createRequest(
  target: string | URL | Request,
  options: TestRequestOptions,
): Request {
  checkOptions("request option", options, RULES);
  const sent = target instanceof Request ? target : undefined;
  const headers = headersOf(sent, options);
  const body = bodyOf(options) ?? bodyOfRequest(sent);
  const signal = options.signal ?? sent?.signal;
  const init: RequestOptions = {
    method: options.method ?? sent?.method ?? "GET",
    headers,
    duplex: "half",
    ...(body !== undefined && { body }),
    ...(signal !== undefined && { signal }),
  };
  return new Request(urlOf(target, options.query), init);
}

function urlOf(
  target: string | URL | Request,
  query: TestRequestOptions["query"] = {},
): URL {
  const isRequest = target instanceof Request;
  if (typeof target !== "string" && !(target instanceof URL) && !isRequest) {
    throw new TypeError(
      `Cannot request ${
        describeValue(target)
      }: write a path such as "/signup", a URL, or a Request`,
    );
  }
  const url = new URL(isRequest ? target.url : target, ORIGIN);
  for (const [key, value] of fieldsOf("query", query)) {
    url.searchParams.append(key, value);
  }
  return url;
}

function headersOf(
  sent: Request | undefined,
  options: TestRequestOptions,
): Headers {
  const headers = new Headers(sent?.headers);
  const hasBody = [options.json, options.form, options.body]
    .some((each) => each !== undefined);
  if (hasBody) { // these headers describe the body of the `Request`, which another body replaces
    headers.delete("content-type");
    headers.delete("content-length");
  }
  new Headers(options.headers).forEach((value, name) =>
    headers.set(name, value)
  );
  if (options.json !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  return headers;
}

function bodyOf(
  { json, form, body }: TestRequestOptions,
): TestRequestOptions["body"] {
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
  return new URLSearchParams(fieldsOf("form", form));
}

function bodyOfRequest(sent: Request | undefined): TestRequestOptions["body"] {
  if (sent?.bodyUsed) {
    throw new TypeError(
      "Cannot send this Request: its body was read; send a clone() of it",
    );
  }
  return sent?.body ?? undefined;
}

/** The fields of a query or a form. What is `undefined` is left out. */
function fieldsOf(
  option: "query" | "form",
  fields: NonNullable<TestRequestOptions["query"]>,
): [string, string][] {
  if (typeof fields !== "object" || fields === null) {
    throw new TypeError(
      `Cannot use ${option} ${
        describeValue(fields)
      }: write an object such as { page: 2 }`,
    );
  }
  const pairs: Iterable<[string, unknown]> = Symbol.iterator in fields
    ? fields as URLSearchParams
    : Object.entries(fields);
  return [...pairs].filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, String(value)]);
}
