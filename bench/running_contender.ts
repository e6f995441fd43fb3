import { fileURLToPath } from "node:url";
import { freePort } from "../tests/harness/ports.ts";
import { RunningProcess } from "../tests/harness/running_process.ts";
import { LISTENING } from "../tests/harness/servers/app.ts";
import { root } from "../tools/project.ts";
import { bundle } from "../tools/bundle.ts";
import type { BenchRuntime, Contender } from "./contenders.ts";

const HARNESS = "tests/harness/servers";
const BUN = fileURLToPath(new URL("node_modules/.bin/bun", root));
const DENO = [Deno.execPath(), "run", "-A", "--quiet"];

/** A contender that listens, in a process of its own. */
export interface RunningContender extends AsyncDisposable {
  readonly contender: Contender;
  readonly port: number;
  readonly pid: number;
}

/**
 * Starts a contender, and waits until it listens.
 *
 * @param contender Who.
 * @param runtime Where.
 * @param folder A temporary folder.
 * @param env Environment variables of its process.
 */
export async function start(
  contender: Contender,
  runtime: BenchRuntime,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningContender> {
  if (runtime === "python") return await startPython(contender);
  const command = await commandOf(contender, runtime, folder);
  const child = new RunningProcess(command, env);
  const line = await child.line(LISTENING);
  const port = Number(line.slice(LISTENING.length));
  return running(contender, port, child);
}

async function commandOf(
  { file, server }: Contender,
  runtime: Exclude<BenchRuntime, "python">,
  folder: string,
): Promise<string[]> {
  const app = `bench/contenders/${file}`;
  const path = fileURLToPath(new URL(app, root));
  const isSrvx = server === "srvx";
  if (runtime === "deno" || runtime === "bun") {
    const script = isSrvx
      ? "bench/servers/srvx.ts"
      : `${HARNESS}/${runtime}.ts`;
    return [...(runtime === "bun" ? [BUN, "run"] : DENO), script, path];
  }
  const name = file.replace(".ts", "");
  const output = `${folder}/${runtime}`;
  const script = `bench/servers/${isSrvx ? "srvx" : runtime}.ts`;
  const files = { [name]: app };
  if (runtime === "node") files[`serve_${name}`] = script;
  await bundle({ debug: false, files, folder: output, target: runtime });
  const bundled = `${output}/${name}.mjs`;
  return runtime === "node"
    ? ["node", `${output}/serve_${name}.mjs`, bundled]
    : [...DENO, script, bundled];
}

async function startPython(contender: Contender): Promise<RunningContender> {
  const port = await freePort();
  const VARIANT = contender.tasks > 0 ? "task" : "bare";
  const child = new RunningProcess([
    ...["/usr/bin/python3", "-m", "uvicorn", `${contender.file}:app`],
    ...["--app-dir", "bench/contenders", "--port", String(port)],
    ...["--no-access-log", "--log-level", "error"],
  ], { VARIANT });
  while (!await answers(port)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return running(contender, port, child);
}

async function answers(port: number): Promise<boolean> {
  try {
    await (await fetch(`http://127.0.0.1:${port}/ran`)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function running(
  contender: Contender,
  port: number,
  child: RunningProcess,
): RunningContender {
  const { pid } = child;
  const dispose = (): Promise<void> => child[Symbol.asyncDispose]();
  return { contender, port, pid, [Symbol.asyncDispose]: dispose };
}
