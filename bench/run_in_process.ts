import { fileURLToPath } from "node:url";
import { root } from "../tools/project.ts";
import { bundle } from "../tools/bundle.ts";
import type { BenchRuntime } from "./contenders.ts";
import { table } from "./tables.ts";

/** A figure for each thing that was measured. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Runs `in_process.ts` on a runtime.
 *
 * @param runtime Deno, Bun or Node.
 * @param folder A temporary folder.
 * @param tasks How many tasks to run for each figure.
 */
export async function measureInProcess(
  runtime: BenchRuntime,
  folder: string,
  tasks: number,
): Promise<Figures> {
  const file = "bench/in_process.ts";
  if (runtime === "node") {
    const files = { in_process: file };
    await bundle({ debug: false, files, folder, target: "node" });
  }
  const commands: Partial<Record<BenchRuntime, string[]>> = {
    deno: [Deno.execPath(), "run", "-A", "-q", "--v8-flags=--expose-gc", file],
    bun: [fileURLToPath(new URL("node_modules/.bin/bun", root)), file],
    node: ["node", "--expose-gc", `${folder}/in_process.mjs`],
  };
  const [program = "", ...args] = commands[runtime] ?? [];
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: root,
    env: { BENCH_TASKS: String(tasks) },
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

/** One column for each runtime. */
export function inProcessTable(
  figures: Readonly<Record<string, Figures>>,
): string {
  const runtimes = Object.keys(figures);
  const names = Object.keys(figures[runtimes[0] ?? ""] ?? {});
  return table(
    ["µs of CPU a task", ...runtimes],
    names.map((name) => [
      name,
      ...runtimes.map((runtime) => {
        const value = figures[runtime]![name]!;
        return value.toFixed(value > 50 ? 0 : 2);
      }),
    ]),
  );
}
