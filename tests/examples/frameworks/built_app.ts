import { cpSync, readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { root } from "../../../tools/project.ts";
import { run } from "../../../tools/command.ts";
import { RunningProcess } from "../../harness/running_process.ts";

/** The Node that these frameworks want: newer than the one that may be here. */
const NODE = "node@24.21.0";

const QUIET = {
  ASTRO_TELEMETRY_DISABLED: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  NITRO_TELEMETRY_DISABLED: "1",
};

/** An app of `examples/frameworks/` that its framework builds, in a folder of its own. */
export class BuiltApp implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#env = env;
  }

  /**
   * Installs what its `package.json` pins, and this package; then builds it.
   *
   * @param name Its folder.
   * @param tarball This package.
   * @throws {Error} If a command fails.
   */
  static async create(name: string, tarball: string): Promise<BuiltApp> {
    const folder = await Deno.makeTempDir();
    const apps = fileURLToPath(new URL("examples/frameworks", root));
    cpSync(`${apps}/${name}`, folder, { recursive: true });
    cpSync(`${apps}/work.ts`, `${folder}/work.ts`);
    const path = [
      `${folder}/node_modules/.bin`,
      dirname(await newerNode()),
      process.env["PATH"],
    ].join(delimiter);
    const app = new BuiltApp(folder, { ...QUIET, PATH: path });
    await app.#run("npm", "install", "--no-audit", "--no-fund", tarball);
    await app.#run("npm", "run", "build");
    return app;
  }

  /** Starts it as its `package.json` says, without npm in between, which would take the signals. */
  start(env: Readonly<Record<string, string>>): RunningProcess {
    const text = readFileSync(`${this.#folder}/package.json`, "utf8");
    const { scripts: { start } } = JSON.parse(text);
    const command = `cd "${this.#folder}" && exec ${start}`;
    const host = { HOST: "127.0.0.1", HOSTNAME: "127.0.0.1" };
    return new RunningProcess(["sh", "-c", command], {
      ...this.#env,
      ...host,
      ...env,
    });
  }

  async #run(...command: string[]): Promise<void> {
    const options = { cwd: this.#folder, env: this.#env };
    const { code, output } = await run(command, options);
    if (code === 0) return;
    throw new Error(`Cannot run ${command.join(" ")}:\n${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function newerNode(): Promise<string> {
  const print = ["-p", "process.execPath"];
  const { output } = await run(["npx", "-y", NODE, ...print]);
  return output.trim().split("\n").at(-1) ?? "";
}
