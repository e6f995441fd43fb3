import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, writeFileSync } from "node:fs";
import { bundlesFolder } from "../harness/bundles_folder.ts";
import {
  connect,
  request,
  type RequestOptions,
} from "../harness/http_client.ts";
import type { CompleteResponse } from "../harness/http_response.ts";
import { runtime } from "../harness/runtime.ts";
import { serve, type Served } from "../harness/serve.ts";
import { startUpstream } from "../harness/upstream.ts";

export const MB = 1024 * 1024;

/**
 * How much a task burns that must not keep its client waiting. A Worker cannot look whether its client
 * has its answer, so there a client that came too late asks again, for a task that burns more: a
 * response that waits for its task waits for each of them.
 */
const HELD = runtime === "workerd" ? [1, 8, 64] : [1];

const folder = mkdtempSync(`${bundlesFolder()}/responses-`);
writeFileSync(`${folder}/file`, new Uint8Array(16 * MB).fill(9));

let upstream: Promise<string> | undefined;

/** `tests/apps/responses.ts`, served once for all cases of a process that want the same settings. */
export class Stage {
  /** What is said of it in the title of a test. */
  readonly title: string;
  /** Why it is not there on this runtime. */
  readonly unless: string | undefined;
  readonly #settings: Readonly<Record<string, string>>;
  #server: Promise<Served> | undefined = undefined;

  constructor(
    title: string,
    settings: Readonly<Record<string, string>>,
    unless?: string,
  ) {
    this.title = title;
    this.unless = unless;
    this.#settings = settings;
  }

  /** The server; the harness stops it when the process ends. */
  async app(): Promise<Served> {
    upstream ??= startUpstream();
    const env = {
      RELEASES: folder,
      FILE: `${folder}/file`,
      UPSTREAM: await upstream,
      ...this.#settings,
    };
    return await (this.#server ??= serve("tests/apps/responses.ts", { env }));
  }

  async port(): Promise<number> {
    return (await this.app()).port;
  }

  /** Makes a request whose task burns CPU until this client has its whole answer. */
  async withTask(
    path: string,
    options: RequestOptions | undefined,
    hold: boolean,
  ): Promise<{ response: CompleteResponse; line: string }> {
    for (const work of hold ? HELD : [0]) {
      const found = await this.#withTask(path, options, work);
      if (!found.isLate) return found;
    }
    throw new Error(`The answer of ${path} waited for the task`);
  }

  async #withTask(
    path: string,
    options: RequestOptions | undefined,
    work: number,
  ): Promise<{ response: CompleteResponse; line: string; isLate: boolean }> {
    const name = uniqueName();
    const query = `?task=${name}${work > 0 ? `&hold=${work}` : ""}`;
    // closed at last: a client that is faster than the server's own end would be one that leaves
    using connection = await connect(await this.port());
    const headers = { Connection: "close", ...options?.headers };
    const response = await connection.request(path + query, {
      ...options,
      headers,
    }).complete;
    const isLate = runtime === "workerd" && work > 0 &&
      (await this.linesOf(name)).length > 0;
    release(name);
    return { response, line: await this.lineOf(name), isLate };
  }

  /** The line of a task, once it has run, and has not kept its client waiting. */
  async lineOf(name: string): Promise<string> {
    const line = await (await this.app()).line(`task ${name} `);
    assert(!line.endsWith(" held"), `the answer waited for the task: ${line}`);
    return line;
  }

  /** The lines of tasks whose name begins so. */
  async linesOf(name: string): Promise<string[]> {
    const { lines } = await this.app();
    return lines.filter((line) => line.startsWith(`task ${name}`));
  }

  /** Lets what was due go on: each is a request and its answer. */
  async pings(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await request(await this.port(), "/ping");
  }

  /** Opens a gate of the app. */
  async open(name: string): Promise<void> {
    await request(await this.port(), `/open/${name}`);
  }

  /** Checks that no task ran twice. */
  async end(): Promise<void> {
    if (this.#server === undefined) return;
    await this.pings(1);
    const { lines } = await this.#server;
    const names = lines.filter((line) => line.startsWith("task "))
      .map((line) => line.split(" ")[1]);
    assertEquals(names.length, new Set(names).size);
  }
}

/** Whatever the runtime hands over beside the request reaches the middleware. */
export const withServer = new Stage("", {});

/** Nothing does, and the request is not the one that the server made. */
export const withoutServer = new Stage(
  "without the server",
  { SERVER: "none" },
  runtime === "workerd" ? "Workers hand over no server" : undefined,
);

let count = 0;

/** A name that no other task has. */
export function uniqueName(): string {
  return `t${++count}-`;
}

/** Tells a task that burns CPU that its client has its answer. */
export function release(name: string): void {
  writeFileSync(`${folder}/${name}`, "");
}
