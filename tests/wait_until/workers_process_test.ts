import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  Miniflare,
  Response as MiniflareResponse,
  supportedCompatibilityDate,
} from "miniflare";
import { bundle } from "../../tools/bundle.ts";
import { bundlesFolder } from "../harness/bundles_folder.ts";
import { root } from "../../tools/project.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

type Options = Partial<ConstructorParameters<typeof Miniflare>[0]>;

/** Calls a worker at each path; what its tasks report once they have ended, killed by nobody. */
async function reports(
  app: string,
  paths: readonly string[],
  options: (script: string) => Options,
): Promise<string[]> {
  const folder = bundlesFolder();
  const path = fileURLToPath(new URL(`tests/apps/${app}.ts`, root));
  await bundle({ files: { [app]: path }, folder, target: "workerd" });
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
      ...options(await readFile(`${folder}/${app}.mjs`, "utf8")),
    } as ConstructorParameters<typeof Miniflare>[0],
  );
  try {
    const texts: string[] = [];
    for (const path of paths) {
      const text = new Promise<string>((resolve) => reported = resolve);
      const response = await miniflare.dispatchFetch(`http://localhost${path}`);
      assertEquals(await response.text(), "ok");
      texts.push(await text);
    }
    return texts;
  } finally {
    await miniflare.dispose();
  }
}

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
