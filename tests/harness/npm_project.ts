import { run } from "../../tools/command.ts";
import { root } from "../../tools/project.ts";

const APPS = new URL("tests/apps/package/", root);

/** What {@linkcode NpmProject.compile} needs. */
export const COMPILER: readonly string[] = [
  "@types/node@26.1.0",
  "typescript@7.0.2",
];

/** The newest Hono that was tried. */
export const NEWEST_HONO = "4.13.19";

/** What the tasks of `tests/apps/package/app.ts` note for one signup. */
export const RAN: readonly string[] = [
  "Welcome! -> ada@example.com",
  "signup",
];

/** A project of somebody else, with packages from npm: it finds nothing of this one. */
export class NpmProject implements AsyncDisposable {
  /** Its folder. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty one, with the files of `tests/apps/package/`. */
  static async create(): Promise<NpmProject> {
    const project = new NpmProject(await Deno.makeTempDir());
    await project.write("package.json", '{ "type": "module" }');
    for await (const { name } of Deno.readDir(APPS)) {
      const text = await Deno.readTextFile(new URL(name, APPS));
      await project.write(name, text);
    }
    return project;
  }

  /** Reads a file. */
  async read(name: string): Promise<string> {
    return await Deno.readTextFile(`${this.path}/${name}`);
  }

  /** Writes a file. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/${name}`, text);
  }

  /** Installs packages with npm. */
  async install(...packages: readonly string[]): Promise<void> {
    await this.run("npm", "install", "--no-audit", "--no-fund", ...packages);
  }

  /** The names in node_modules. */
  async installed(): Promise<string[]> {
    const folder = Deno.readDir(`${this.path}/node_modules`);
    const names = await Array.fromAsync(folder, ({ name }) => name);
    return names.filter((name) => !name.startsWith(".")).sort();
  }

  /**
   * Checks the types as bundlers resolve modules and as Node does, and makes JavaScript in `out/`.
   *
   * @param include The files.
   * @param options Options of the compiler.
   */
  async compile(include: string, ...options: string[]): Promise<void> {
    const compilerOptions = {
      exactOptionalPropertyTypes: true,
      lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"],
      outDir: "out",
      rewriteRelativeImportExtensions: true,
      strict: true,
      target: "es2022",
      types: ["node"],
    };
    const config = { compilerOptions, include: [include] };
    await this.write("tsconfig.json", JSON.stringify(config));
    const tsc = ["npx", "tsc", ...options];
    const bundler = ["--module", "esnext", "--moduleResolution", "bundler"];
    await this.run(...tsc, ...bundler, "--noEmit");
    await this.run(...tsc, "--module", "nodenext");
  }

  /**
   * Runs a command in its folder, to its end.
   *
   * @param command The program, then its arguments.
   * @returns What it printed.
   * @throws {Error} If it failed.
   */
  async run(...command: string[]): Promise<string> {
    const { code, output } = await run(command, {
      cwd: this.path,
      env: { WRANGLER_SEND_METRICS: "false" },
    });
    if (code === 0) return output;
    throw new Error(`Cannot run ${command.join(" ")}:\n${output}`);
  }

  /** Runs an app to its end, and reads the last JSON that it printed. */
  async runApp(...command: string[]): Promise<unknown> {
    const lines = (await this.run(...command)).split("\n");
    return JSON.parse(lines.findLast((line) => line.startsWith("[")) ?? "null");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
