import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { root } from "../../../tools/project.ts";
import { run } from "../../../tools/command.ts";
import { RunningProcess } from "../../harness/running_process.ts";
import type { RuntimeName } from "../../harness/runtime.ts";
import { recipeFiles } from "./recipe_files.ts";

/** The Node that these frameworks want: newer than the one that may be here. */
const NODE = "node@24.21.0";

const QUIET = {
  ASTRO_TELEMETRY_DISABLED: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  NITRO_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
};

/** The TypeScript of somebody who wants to be told everything. */
const TSCONFIG = {
  compilerOptions: {
    allowImportingTsExtensions: true,
    emitDecoratorMetadata: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    jsx: "react-jsx",
    lib: ["dom", "dom.iterable", "dom.asynciterable", "es2023"],
    module: "esnext",
    moduleResolution: "bundler",
    noEmit: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    strict: true,
    target: "es2022",
    types: ["node"],
    verbatimModuleSyntax: true,
  },
  include: ["**/*.ts", "**/*.tsx", ".astro/types.d.ts"],
  exclude: ["node_modules", "build", "dist"],
};

/** An app of `examples/frameworks/` that its framework builds, in a folder of its own. */
export class BuiltApp {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  /** What follows the names of its scripts: the runtime that it is built for, where it has several. */
  readonly #suffix: string;

  private constructor(
    folder: string,
    env: Readonly<Record<string, string>>,
    suffix: string,
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#suffix = suffix;
  }

  /**
   * Installs what its `package.json` pins, and this package. What `docs/frameworks.md` says of it lies
   * in the place of its own files, so that it is the text which is followed.
   *
   * @param name Its folder.
   * @param tarball This package.
   * @throws {Error} If it cannot be installed.
   */
  static async install(name: string, tarball: string): Promise<BuiltApp> {
    const folder = await Deno.makeTempDir();
    const apps = fileURLToPath(new URL("examples/frameworks", root));
    cpSync(`${apps}/${name}`, folder, { recursive: true });
    for (const file of ["work.ts", "mail.ts"]) {
      cpSync(`${apps}/${file}`, `${folder}/${file}`);
    }
    for (const [file, text] of recipeFiles(name)) {
      await Deno.mkdir(dirname(`${folder}/${file}`), { recursive: true });
      writeFileSync(`${folder}/${file}`, text);
    }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(TSCONFIG));
    const path = [
      `${folder}/node_modules/.bin`,
      dirname(await newerNode()),
      process.env["PATH"],
      dirname(Deno.execPath()),
      fileURLToPath(new URL("node_modules/.bin", root)),
    ].join(delimiter);
    const app = new BuiltApp(folder, { ...QUIET, PATH: path }, "");
    await app.#run("npm", "install", "--no-audit", "--no-fund", tarball);
    return app;
  }

  /**
   * Builds it for a runtime.
   *
   * @throws {Error} If it cannot be built.
   */
  async build(runtime: RuntimeName): Promise<BuiltApp> {
    const app = this.#scripts[`build:${runtime}`] === undefined
      ? this
      : await this.#copy(`:${runtime}`);
    if (runtime === "workerd") {
      const mail = new URL("examples/frameworks/workers/mail.ts", root);
      cpSync(fileURLToPath(mail), `${app.#folder}/mail.ts`);
    }
    await app.#run("npm", "run", `build${app.#suffix}`);
    return app;
  }

  /** Checks its types. @throws {Error} With what TypeScript says. */
  async checkTypes(): Promise<void> {
    await this.#run("tsc");
  }

  /**
   * Starts it as its `package.json` says, without npm in between, which would take the signals.
   *
   * @param env Environment variables.
   * @param args What follows the command.
   */
  start(
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): RunningProcess {
    return this.#exec(`start${this.#suffix}`, env, args);
  }

  /** Whether its `package.json` says how its framework's dev server starts. */
  get hasDevServer(): boolean {
    return this.#scripts["dev"] !== undefined;
  }

  /** Starts the dev server of its framework, as its `package.json` says. */
  startDevServer(port: number): RunningProcess {
    return this.#exec("dev", {}, ["--port", String(port)]);
  }

  #exec(
    script: string,
    env: Readonly<Record<string, string>>,
    args: readonly string[],
  ): RunningProcess {
    const command = [this.#scripts[script], ...args].join(" ");
    const host = { HOST: "127.0.0.1", HOSTNAME: "127.0.0.1" };
    return new RunningProcess(
      ["sh", "-c", `cd "${this.#folder}" && exec ${command}`],
      { ...this.#env, ...host, ...env },
    );
  }

  get #scripts(): Readonly<Record<string, string>> {
    const text = readFileSync(`${this.#folder}/package.json`, "utf8");
    return JSON.parse(text).scripts;
  }

  /** A copy for another runtime, with the same packages. */
  async #copy(suffix: string): Promise<BuiltApp> {
    const folder = await Deno.makeTempDir();
    const modules = `${this.#folder}/node_modules`;
    const filter = (path: string): boolean => path !== modules;
    cpSync(this.#folder, folder, { filter, recursive: true });
    symlinkSync(modules, `${folder}/node_modules`);
    return new BuiltApp(folder, this.#env, suffix);
  }

  async #run(...command: string[]): Promise<void> {
    const options = { cwd: this.#folder, env: this.#env };
    const { code, output } = await run(command, options);
    if (code === 0) return;
    throw new Error(`Cannot run ${command.join(" ")}:\n${output}`);
  }
}

async function newerNode(): Promise<string> {
  const print = ["-p", "process.execPath"];
  const { output } = await run(["npx", "-y", NODE, ...print]);
  return output.trim().split("\n").at(-1) ?? "";
}
