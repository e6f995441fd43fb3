import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { freePort } from "./ports.ts";
import { startRedis } from "./redis.ts";
import { RunningProcess } from "./running_process.ts";
import type { TestEngine } from "./test_engine.ts";
import { until } from "./until.ts";

/** Where a node is, as ioredis takes it. */
export interface Node {
  readonly host: string;
  readonly port: number;
}

/** Several servers of Redis that belong together. */
export interface RedisNodes extends AsyncDisposable {
  /** Those that a client asks first. */
  readonly nodes: readonly Node[];
}

/** Several servers of Redis, each of which can fail. */
export interface RedisCluster extends RedisNodes {
  /** The servers, in the order of the nodes. */
  readonly servers: readonly TestEngine[];
}

/**
 * Starts a cluster of three primaries on this machine.
 *
 * @param flags Further arguments of `redis-server`.
 */
export async function startCluster(...flags: string[]): Promise<RedisCluster> {
  const servers: TestEngine[] = [];
  for (let index = 0; index < 3; index++) {
    const bus = String(await freePort());
    servers.push(
      await startRedis(
        ...["--cluster-enabled", "yes", "--cluster-port", bus, ...flags],
      ),
    );
  }
  const nodes = servers.map(nodeOf);
  const command = promisify(execFile);
  await command("redis-cli", [
    ...["--cluster", "create"],
    ...nodes.map(({ host, port }) => `${host}:${port}`),
    ...["--cluster-replicas", "0", "--cluster-yes"],
  ]);
  // that they agree on the slots is known a moment before each of them answers
  for (const { host, port } of nodes) {
    await until(async () => {
      const ask = ["-h", host, "-p", String(port), "cluster", "info"];
      const { stdout } = await command("redis-cli", ask);
      return stdout.includes("cluster_state:ok");
    });
  }
  return {
    nodes,
    servers,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

/** A primary, a replica, and three sentinels that watch them. */
export interface Sentinels extends RedisNodes {
  /** The name they know the primary by. */
  readonly name: string;
  /** Kills the primary: they make the replica the next one. */
  killPrimary(): Promise<void>;
}

/** Starts three sentinels on this machine, and what they watch. */
export async function startSentinels(): Promise<Sentinels> {
  const primary = await startRedis();
  const { host, port } = nodeOf(primary);
  const replica = await startRedis("--replicaof", host, String(port));
  const path = await mkdtemp(`${tmpdir()}/postlude-sentinels-`);
  const sentinels: RunningProcess[] = [];
  const nodes: Node[] = [];
  for (let index = 0; index < 3; index++) {
    const node = { host: "127.0.0.1", port: await freePort() };
    nodes.push(node);
    sentinels.push(await startSentinel(path, node.port, { host, port }));
  }
  // each has to know the other two, and the replica, before they can fail over
  for (const sentinel of sentinels) {
    await sentinel.line("+slave ");
    await sentinel.line(() =>
      sentinel.lines.filter((line) => line.includes("+sentinel ")).length >= 2
    );
  }
  return {
    name: "main",
    nodes,
    killPrimary: () => primary.stop(),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const sentinel of sentinels) {
        sentinel.kill("SIGKILL");
        await sentinel.exited;
      }
      await replica[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
      await rm(path, { recursive: true });
    },
  };
}

async function startSentinel(
  folder: string,
  port: number,
  primary: Node,
): Promise<RunningProcess> {
  const file = `${folder}/${port}.conf`;
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor main ${primary.host} ${primary.port} 2`,
    "sentinel down-after-milliseconds main 5000",
    "sentinel failover-timeout main 10000",
  ];
  await writeFile(file, lines.join("\n"));
  const sentinel = new RunningProcess(["redis-server", file, "--sentinel"]);
  await sentinel.line("+monitor master main");
  return sentinel;
}

function nodeOf({ url }: TestEngine): Node {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
