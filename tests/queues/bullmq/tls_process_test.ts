/**
 * Engines behind TLS, with a certificate that the app names itself.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, statSync } from "node:fs";
import { chmod, chown } from "node:fs/promises";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  defineTask,
  enqueue,
  TaskEnqueueError,
} from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import pg from "pg";
import {
  type Certificate,
  makeCertificate,
  noOpenssl,
} from "../../harness/certificate.ts";
import { noBullMQ, testUnless } from "../../harness/left_out.ts";
import { freePort } from "../../harness/ports.ts";
import { startPostgres } from "../../harness/postgres.ts";
import { noRedis, startRedis } from "../../harness/redis.ts";

/** Whether this server of Redis was built with TLS: then it reads the file before it finds none. */
function redisHasTls(): boolean {
  const { stdout, stderr } = spawnSync(
    "redis-server",
    ["--port", "0", "--tls-port", "1", "--tls-cert-file", "/none"],
    { encoding: "utf8", timeout: 20_000 },
  );
  return !/Bad directive|unrecognized/i.test(`${stdout}${stderr}`);
}

const noTls = noOpenssl ?? noRedis ??
  (redisHasTls() ? undefined : "this redis-server has no TLS");

/** Runs a task through an address, while `during` looks at the connections. */
async function runThrough(
  address: BullMQConnection,
  during: () => Promise<void> = async () => {},
): Promise<void> {
  const queue = bullmq({ ...address, timeout: 20_000 });
  let ran: () => void = () => {};
  const done = new Promise<void>((resolve) => ran = resolve);
  const task = defineTask("mail", { queue }, () => ran());
  const options = { tasks: [task], closeOnSignals: false };
  const worker = await createWorker({ ...address, ...options });
  await enqueue(task);
  await done;
  await during();
  await worker.close();
  await queue.close();
}

/** A producer and a worker whose address does not name the certificate say so, and wait for nothing. */
async function areRefused(address: BullMQConnection): Promise<void> {
  const queue = bullmq({ ...address, timeout: 20_000 });
  const task = defineTask("mail", { queue }, () => {});
  const error = await assertRejects(() => enqueue(task), TaskEnqueueError);
  await queue.close();
  assertEquals(error.outcome, "not-queued");
  assertMatch(error.message, /it cannot be reached \(.*certificate/);
  const options = { tasks: [], closeOnSignals: false };
  const start = (): Promise<unknown> =>
    createWorker({ ...address, ...options });
  assertMatch((await assertRejects(start, Error)).message, /certificate/);
}

testUnless(
  noTls,
  "createWorker() and bullmq() on Redis speak TLS, and trust the certificate that tls.ca names, and no other",
  async () => {
    await using certificate = await makeCertificate();
    const port = await freePort();
    await using _redis = await startRedis(
      ...["--tls-port", String(port), "--tls-auth-clients", "no"],
      ...["--tls-cert-file", certificate.certFile],
      ...["--tls-key-file", certificate.keyFile],
    );
    const url = `rediss://localhost:${port}`;
    await runThrough({ connection: { url, tls: { ca: certificate.ca } } });
    await areRefused({ connection: url });
  },
);

/** Switches TLS on: Postgres reads its certificate anew without a restart. */
async function secure(
  client: pg.Client,
  { certFile, keyFile }: Certificate,
): Promise<void> {
  const { rows } = await client.query("SHOW data_directory");
  const folder = rows[0].data_directory as string;
  const { uid, gid } = statSync(folder);
  for (const [file, name] of [[certFile, "cert"], [keyFile, "key"]] as const) {
    const copy = `${folder}/${name}.pem`;
    copyFileSync(file, copy);
    await chown(copy, uid, gid);
    await chmod(copy, 0o600);
    await client.query(`ALTER SYSTEM SET ssl_${name}_file = '${copy}'`);
  }
  await client.query("ALTER SYSTEM SET ssl = on");
  await client.query("SELECT pg_reload_conf()");
}

testUnless(
  noBullMQ ?? noOpenssl,
  "createWorker() and bullmq() on Postgres speak TLS, by ssl or by sslmode in the URL, and trust the certificate that they name, and no other",
  async () => {
    await using certificate = await makeCertificate();
    await using engine = await startPostgres();
    const client = new pg.Client({ connectionString: engine.url });
    await client.connect();
    await secure(client, certificate);
    const url = new URL(engine.url);
    url.hostname = "localhost";
    url.searchParams.set("application_name", "mine");
    const isSecure = async (): Promise<void> => {
      const { rows } = await client.query(
        `SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE application_name = 'mine'`,
      );
      assertEquals(rows, [{ ssl: true }]);
    };
    const ssl = { ca: certificate.ca };
    const connectionString = url.href;
    await runThrough({ postgres: { connectionString, ssl } }, isSecure);
    url.searchParams.set("sslmode", "verify-full");
    await areRefused({ postgres: url });
    url.searchParams.set("sslrootcert", certificate.certFile);
    await runThrough({ postgres: url }, isSecure);
    await client.end();
  },
);
