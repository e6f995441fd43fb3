import { fileURLToPath } from "node:url";
import { buildNext, findNext, nextStart } from "../tests/harness/next.ts";
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
  if (contender.server === "next") return await startNext(contender);
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
  if (runtime === "deno" || runtime === "bun") {
    const script = server === undefined
      ? `${HARNESS}/${runtime}.ts`
      : `bench/servers/${server}.ts`;
    return [...(runtime === "bun" ? [BUN, "run"] : DENO), script, path];
  }
  const name = file.replace(".ts", "");
  const output = `${folder}/${runtime}`;
  const script = `bench/servers/${server ?? runtime}.ts`;
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
  const child = new RunningProcess([
    ...["/usr/bin/python3", "-m", "uvicorn", `${contender.file}:app`],
    ...["--app-dir", "bench/contenders", "--port", String(port)],
    ...["--no-access-log", "--log-level", "error"],
  ], variantOf(contender));
  await untilAnswered(port);
  return running(contender, port, child);
}

async function startNext(contender: Contender): Promise<RunningContender> {
  const { command, folder } = await (nextApp ??= buildNextApp());
  const port = await freePort();
  const start = nextStart(command, folder, port);
  const child = new RunningProcess(start.command, {
    ...start.env,
    ...variantOf(contender),
  });
  await untilAnswered(port);
  return running(contender, port, child);
}

/** The one app of Next.js, whose handlers differ by their variant. */
let nextApp: Promise<{ command: string; folder: string }> | undefined;

async function buildNextApp(): Promise<{ command: string; folder: string }> {
  const command = findNext();
  if (command === undefined) throw new Error("Cannot fetch Next.js");
  const folder = await buildNext(command, "bench/contenders/next.ts", {
    "[[...path]]": `import { after } from "next/server";
import { handlerOf } from "../../handler.mjs";
export const dynamic = "force-dynamic";
export const GET = handlerOf(after);`,
  });
  return { command, folder };
}

function variantOf({ variant = "" }: Contender): Record<string, string> {
  return { VARIANT: variant };
}

async function untilAnswered(port: number): Promise<void> {
  while (!await answers(port)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
