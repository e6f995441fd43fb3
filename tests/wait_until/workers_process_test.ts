import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  Miniflare,
  Response as MiniflareResponse,
  supportedCompatibilityDate,
} from "miniflare";
import type { Readable } from "node:stream";
import { bundleOnce } from "../harness/bundle_once.ts";
import { root } from "../../tools/project.ts";
import { leaveOut } from "../harness/left_out.ts";
import { LineReader } from "../harness/line_reader.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

type Options = Partial<ConstructorParameters<typeof Miniflare>[0]>;

/**
 * Calls a worker at each path; what its tasks report once they have ended, killed by nobody. Those of a
 * silent one report nothing.
 */
async function reports(
  app: string,
  paths: readonly string[],
  options: (script: string) => Options,
): Promise<string[]> {
  let reported!: (text: string) => void;
  const report = async (request: { text(): Promise<string> }): Promise<
    MiniflareResponse
  > => {
    reported(await request.text());
    return new MiniflareResponse("ok");
  };
  const miniflare = new Miniflare(
    {
      compatibilityDate: supportedCompatibilityDate,
      serviceBindings: { ...PITFALLS, report },
      ...options(await bundled(app)),
    } as ConstructorParameters<typeof Miniflare>[0],
  );
  try {
    const texts: string[] = [];
    for (const path of paths) {
      const text = new Promise<string>((resolve) => reported = resolve);
      const response = await miniflare.dispatchFetch(`http://localhost${path}`);
      assertEquals(await response.text(), "ok");
      if (!path.endsWith("?silent")) texts.push(await text);
    }
    return texts;
  } finally {
    await miniflare.dispose();
  }
}

/** Calls a worker at each path, the last of which it answers with "end of the test" in its log. */
async function output(
  app: string,
  paths: readonly string[],
): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<LineReader>();
  const miniflare = new Miniflare(
    {
      compatibilityDate: supportedCompatibilityDate,
      handleRuntimeStdio: (_stdout: Readable, stderr: Readable): void =>
        resolve(new LineReader(stderr)),
      ...inModule(await bundled(app)),
    } as ConstructorParameters<typeof Miniflare>[0],
  );
  try {
    for (const path of paths) {
      const response = await miniflare.dispatchFetch(`http://localhost${path}`);
      assertEquals(await response.text(), "ok");
    }
    const reader = await promise;
    await reader.line("end of the test");
    return reader.lines.filter((line) => line !== "");
  } finally {
    await miniflare.dispose();
  }
}

async function bundled(app: string): Promise<string> {
  const path = fileURLToPath(new URL(`tests/apps/${app}.ts`, root));
  return await readFile(await bundleOnce(path, "workerd"), "utf8");
}

/** What is logged where nothing keeps the tasks alive. */
const UNKEPT = [
  "Background tasks: nothing keeps them alive on Workers: hand on ctx, as in " +
  "app.fetch(request, env, ctx), or set nodejs_compat",
  "end of the test",
];

/** Service bindings of every name that a platform's context is looked for. */
const PITFALLS = Object.fromEntries(
  ["waitUntil", "context", "eventContext", "outgoing", "server"].map((name) => [
    name,
    (): never => {
      throw new Error(`The service binding ${name} was called`);
    },
  ]),
);

const inModule = (contents: string): Options => ({
  modules: [{ type: "ESModule", path: "worker.mjs", contents }],
  modulesRoot: "/",
});

/** Reading it loads Node's `process`, and what that needs: measured to be 5 ms of a cold start. */
const PROCESS_BREAKS = `Object.defineProperty(globalThis, "process", {
  get() { throw new Error("process was read"); },
});
`;

if (runtime !== "workerd") {
  leaveOut("workers in each kind of Worker, every case", "only on workerd");
} else {
  test("workers keeps the tasks of a module worker and of Pages alive, whatever its env binds", async () => {
    const paths = ["/hono", "/fetch", "/pages"];
    assertEquals(
      await reports("workers", paths, inModule),
      paths.map((path) => `${path} ended by cloudflare-workers`),
    );
  });

  test("workers keeps the tasks alive where the app was called without its context", async () => {
    const paths = ["/hono-without-context", "/fetch-without-context"];
    assertEquals(
      await reports("workers", paths, (script) => ({
        ...inModule(script),
        compatibilityFlags: ["nodejs_compat"],
      })),
      paths.map((path) => `${path} ended by cloudflare-workers`),
    );
  });

  test("a Worker with nodejs_compat and a context never reads process", async () => {
    assertEquals(
      await reports("workers", ["/hono", "/fetch"], (script) => ({
        ...inModule(PROCESS_BREAKS + script),
        compatibilityFlags: ["nodejs_compat"],
      })),
      ["/hono", "/fetch"].map((path) => `${path} ended by cloudflare-workers`),
    );
  });

  test("workers knows no deadline in a Durable Object, and its 30 seconds beside it", async () => {
    const paths = ["/worker/fetch", "/object/fetch", "/object/hono"];
    assertEquals(
      await reports("durable_object", paths, (script) => ({
        ...inModule(script),
        durableObjects: { ROOM: "Room" },
      })),
      [
        "/worker/fetch a deadline",
        "/object/fetch no deadline",
        "/object/hono no deadline",
      ],
    );
  });

  test("BackgroundTasks.run() keeps its tasks alive behind the answer of a method, and in an alarm", async () => {
    const paths = ["/worker/rpc", "/object/rpc", "/object/alarm"];
    assertEquals(
      await reports("durable_object", paths, (script) => ({
        ...inModule(script),
        durableObjects: { ROOM: "Room" },
      })),
      paths.map((path) => `${path} no deadline`),
    );
  });

  test("workers keeps the tasks of each request alive behind one that a client has sent without a context", async () => {
    const paths = ["/hono-without-context?silent", "/hono", "/fetch"];
    assertEquals(
      await reports("workers", paths, (script) => ({
        ...inModule(script),
        bindings: { completed: "yes", requestIP: "yes" },
      })),
      ["/hono", "/fetch"].map((path) => `${path} ended by cloudflare-workers`),
    );
  });

  for (const path of ["/tasks", "/wrapped"]) {
    test(`warnIfStopped() says once that nothing keeps the tasks of ${path} alive`, async () => {
      const warnings = await output("workers_unkept", [path, path, "/end"]);
      assertEquals(warnings, UNKEPT);
    });
  }

  test("warnIfStopped() says nothing where a handler awaits run()", async () => {
    const lines = await output("workers_unkept", ["/run", "/end"]);
    assertEquals(lines, ["ran", "end of the test"]);
  });

  test("BackgroundTasks.run() that nobody awaits is lost without a waitUntil, and kept with one", async () => {
    const lines = await output("workers_unkept", ["/forgotten", "/kept"]);
    assertEquals(lines, ["end of the test"]);
  });

  test("warnIfStopped() says that nothing keeps the tasks alive where waitUntil has thrown", async () => {
    const lines = await output("workers_unkept", ["/refused", "/end"]);
    const said = lines.filter((line) => !/^ +at /.test(line));
    assertEquals(said, [
      'Background tasks: waitUntil of "option" failed, so only the process keeps the work: ' +
      "Error: refused",
      ...UNKEPT,
    ]);
  });

  test("fetchEvent and workers keep the tasks of a service worker alive", async () => {
    assertEquals(
      await reports(
        "service_worker",
        ["/hono", "/own"],
        (script) => ({ script }),
      ),
      ["/hono ended by cloudflare-workers", "/own ended by fetch event"],
    );
  });
}
