import { assertEquals } from "@std/assert";
import { BUILT, type BuiltRecipe } from "./built.ts";
import { BuiltApp } from "./built_app.ts";
import { type Check, check } from "./checks.ts";
import { http1 } from "./client.ts";
import { Stage } from "./stage.ts";
import { checkRow, rowOf } from "./table.ts";
import { checkWorker } from "./worker_checks.ts";
import { testUnless } from "../../harness/left_out.ts";
import { noRegistry, tarball } from "../../harness/npm_package.ts";
import { freePort, untilOpen } from "../../harness/ports.ts";
import type { RunningProcess } from "../../harness/running_process.ts";
import type { RuntimeName } from "../../harness/runtime.ts";

/** An app that runs, and where. */
interface Served extends AsyncDisposable {
  readonly app: RunningProcess;
  readonly port: number;
  readonly stage: Stage;
}

/**
 * The tests of an app of `examples/frameworks/` that its framework builds. It installs and builds for up
 * to a minute: by `--all` alone. Each has a file of its own in `tests/package/frameworks/`, so that they
 * run side by side.
 *
 * @param folder Its folder.
 */
export async function testBuilt(folder: string): Promise<void> {
  // a test has a time limit, and a framework that is built has none
  const app = noRegistry === undefined
    ? await BuiltApp.install(folder, tarball)
    : undefined;
  const recipes = BUILT.filter((recipe) => recipe.folder === folder);
  const runtimes = new Set(recipes.flatMap(({ on }) => on));
  for (const runtime of runtimes) {
    const built = await app?.build(runtime);
    for (const recipe of recipes.filter(({ on }) => on.includes(runtime))) {
      testRow(recipe, runtime, built);
      if (recipe.redirects !== undefined) testRedirect(recipe, built);
      if (recipe.form) testForm(recipe, built);
    }
  }
  if (app?.hasDevServer !== false) testDevServer(folder, app);
  testUnless(
    noRegistry,
    `examples/frameworks/${folder} and its recipe are typed strictly`,
    () => app!.checkTypes(),
    600_000,
  );
}

function testRow(
  recipe: BuiltRecipe,
  runtime: RuntimeName,
  built: BuiltApp | undefined,
): void {
  const { ask, client = http1, name, on, platform } = recipe;
  const title =
    `examples/frameworks: ${name} has the row of docs/frameworks.md on ${runtime}`;
  testUnless(noRegistry, title, async () => {
    await using served = await serve(built!, runtime);
    const { app, port, stage } = served;
    const cells: Record<Check, string> = runtime === "workerd"
      ? await checkWorker(app, port, stage, platform!)
      : await check({ app, ask, client, platform, port, stage });
    checkRow(rowOf(name, on, cells), `${app.lines.join("\n")}\n${app.stderr}`);
  }, 600_000);
}

/** What is thrown to redirect is no failure. */
function testRedirect(
  { client = http1, name, redirects }: BuiltRecipe,
  built: BuiltApp | undefined,
): void {
  const title = `examples/frameworks: redirect() in ${name} discards nothing`;
  testUnless(noRegistry, title, async () => {
    await using served = await serve(built!, "node");
    const { app, port, stage } = served;
    stage.received("redirect");
    const { status } = await client(port, { path: "/redirect" });
    assertEquals(status, redirects, app.stderr);
    assertEquals(await app.line(": redirect"), "mail: redirect");
  }, 600_000);
}

/** A form that is sent without JavaScript: the loader's request is not the action's. */
function testForm({ name }: BuiltRecipe, built: BuiltApp | undefined): void {
  const title =
    `examples/frameworks: ${name} has the tasks of a form in the loader that follows its action`;
  testUnless(noRegistry, title, async () => {
    await using served = await serve(built!, "node");
    const { app, port, stage } = served;
    stage.received("form");
    const form = { method: "POST", body: new FormData() };
    const response = await fetch(`http://127.0.0.1:${port}/form`, form);
    await response.text();
    assertEquals(response.status, 200, app.stderr);
    assertEquals(await app.line(": form"), "mail: form");
  }, 600_000);
}

/** The recipe's own route, in the server where a user sees it first. */
function testDevServer(folder: string, app: BuiltApp | undefined): void {
  const title =
    `examples/frameworks: the recipe of ${folder} works in the dev server`;
  testUnless(noRegistry, title, async () => {
    const port = await freePort();
    await using server = app!.startDevServer(port);
    await server.line(String(port)); // before, it may only try whether the port is free
    const response = await fetch(`http://127.0.0.1:${port}/signup`, {
      method: "POST",
      headers: { "content-type": "application/json" }, // Astro takes any other for a form
      body: "{}",
    });
    await response.text();
    assertEquals(response.status, 200, server.stderr);
    await server.line("mail");
  }, 600_000);
}

async function serve(built: BuiltApp, runtime: RuntimeName): Promise<Served> {
  const stage = await Stage.create();
  const port = await freePort();
  const env = { ...stage.env, PORT: String(port) };
  const wrangler = [
    ...["--port", String(port), "--ip", "127.0.0.1", "--inspector-port", "0"],
    ...["--var", `UPSTREAM:${stage.env["UPSTREAM"]}`],
  ];
  const app = built.start(env, runtime === "workerd" ? wrangler : []);
  await Promise.race([untilOpen(port), app.exited]);
  return {
    app,
    port,
    stage,
    async [Symbol.asyncDispose]() {
      await app.stop();
      await stage[Symbol.asyncDispose]();
    },
  };
}
