import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { noBullMQ } from "./left_out.ts";
import { freePort } from "./ports.ts";
import { RunningProcess } from "./running_process.ts";
import type { TestEngine } from "./test_engine.ts";

/** Whether Redis is installed here. */
export const hasRedis: boolean =
  spawnSync("redis-server", ["--version"]).status === 0;
if (!hasRedis) {
  console.error(
    "!! redis-server is not installed: the tests on Redis are left out",
  );
}

/** Why a case that needs BullMQ on Redis does not run here; `undefined` where it does. */
export const noRedis: string | undefined = noBullMQ ??
  (hasRedis ? undefined : "redis-server is not installed");

/**
 * Starts a real Redis that keeps what it acknowledges, on a free port.
 *
 * @param flags Further arguments of `redis-server`.
 */
export async function startRedis(...flags: string[]): Promise<TestEngine> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-redis-`);
  const port = await freePort();
  const run = async (): Promise<RunningProcess> => {
    const child = new RunningProcess([
      "redis-server",
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
      ...flags,
    ]);
    await child.line("Ready to accept connections");
    return child;
  };
  let child = await run();
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    stop,
    async start(): Promise<void> {
      child = await run();
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    async [Symbol.asyncDispose](): Promise<void> {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
