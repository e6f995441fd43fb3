import { spawnSync } from "node:child_process";
import process from "node:process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { freePort, untilOpen } from "./ports.ts";
import { RunningProcess } from "./running_process.ts";

/** Why tests behind a pooler do not run here; `undefined` where they do. */
export const noPgbouncer: string | undefined =
  spawnSync("pgbouncer", ["--version"]).status === 0
    ? undefined
    : "pgbouncer is not installed";

/** A pooler in front of a Postgres. */
export interface Pooler extends AsyncDisposable {
  /** Where it listens, for the user and the password of the Postgres. */
  readonly url: string;
}

/**
 * Starts a real pgbouncer in transaction mode.
 *
 * @param url The Postgres behind it.
 * @param lines Further lines of its configuration.
 */
export async function startPgbouncer(
  url: string,
  ...lines: string[]
): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const folder = await mkdtemp(`${tmpdir()}/postlude-pgbouncer-`);
  const listen = await freePort();
  const backend = `host=${hostname} port=${port} user=${username} ` +
    `password=${password} dbname=${pathname.slice(1)}`;
  await writeFile(`${folder}/users.txt`, `"${username}" "${password}"\n`);
  await writeFile(
    `${folder}/pgbouncer.ini`,
    [
      "[databases]",
      `app = ${backend}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${listen}`,
      "unix_socket_dir =",
      "auth_type = plain",
      `auth_file = ${folder}/users.txt`,
      "pool_mode = transaction",
      "default_pool_size = 5",
      ...lines,
    ].join("\n"),
  );
  for (const file of ["", "/users.txt", "/pgbouncer.ini"]) {
    await chmod(`${folder}${file}`, 0o755);
  }
  // it refuses to run as root
  const isRoot = process.getuid?.() === 0;
  const child = new RunningProcess([
    "pgbouncer",
    ...(isRoot ? ["-u", "nobody"] : []),
    `${folder}/pgbouncer.ini`,
  ]);
  await untilOpen(listen);
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${listen}/app`,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
