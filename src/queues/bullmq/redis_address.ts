import { type Cluster, Redis, type RedisOptions } from "ioredis";
import { describeValue } from "../../check/check.ts";
import { property } from "../../check/property.ts";
import { checkParts, refuse } from "./address.ts";

/** What a connection of this package sets itself: how it waits, and how it comes back. */
const OWN = [
  "autoResendUnfulfilledCommands",
  "commandQueue",
  "commandTimeout",
  "connectTimeout",
  "enableOfflineQueue",
  "keyPrefix",
  "lazyConnect",
  "monitor",
  "offlineQueue",
  "readOnly",
  "reconnectOnError",
  "replyMapping",
  "retryStrategy",
];

/**
 * Where Redis or Valkey is: the options of ioredis, but for those that say how to wait for it. Of a
 * Sentinel: `{ sentinels: [{ host, port }], name }`.
 */
export type RedisAddress =
  & Omit<
    RedisOptions,
    | "autoResendUnfulfilledCommands"
    | "commandQueue"
    | "commandTimeout"
    | "connectTimeout"
    | "enableOfflineQueue"
    | "keyPrefix"
    | "lazyConnect"
    | "monitor"
    | "offlineQueue"
    | "readOnly"
    | "reconnectOnError"
    | "replyMapping"
    | "retryStrategy"
  >
  & {
    /** A URL such as `redis://127.0.0.1:6379`, in place of its parts. */
    readonly url?: string;
  };

/**
 * A client of ioredis that is there already. Its options are taken, for connections of this
 * package's own: the client itself is never used, and never closed.
 */
export type RedisClient = Redis | Cluster;

/** How a connection waits, and how it comes back. */
type RedisLimits = Pick<
  RedisOptions,
  | "autoResendUnfulfilledCommands"
  | "commandTimeout"
  | "connectTimeout"
  | "enableOfflineQueue"
  | "maxRetriesPerRequest"
  | "reconnectOnError"
>;

/** Every option of ioredis that says where Redis is, or how to talk to it. */
const KNOWN: Readonly<Record<keyof Required<RedisAddress>, true>> = {
  Connector: true,
  autoPipeliningIgnoredCommands: true,
  autoResubscribe: true,
  blockingTimeout: true,
  blockingTimeoutGrace: true,
  clientInfoTag: true,
  connectionName: true,
  db: true,
  disableClientInfo: true,
  disconnectTimeout: true,
  enableAutoPipelining: true,
  enableReadyCheck: true,
  enableTLSForSentinelMode: true,
  failoverDetector: true,
  family: true,
  himportFieldsets: true,
  host: true,
  keepAlive: true,
  maxLoadingRetryTime: true,
  maxRetriesPerRequest: true,
  name: true,
  natMap: true,
  noDelay: true,
  password: true,
  path: true,
  port: true,
  preferredSlaves: true,
  protocol: true,
  role: true,
  scripts: true,
  sentinelCommandTimeout: true,
  sentinelMaxConnections: true,
  sentinelPassword: true,
  sentinelReconnectStrategy: true,
  sentinelRetryStrategy: true,
  sentinelTLS: true,
  sentinelUsername: true,
  sentinels: true,
  showFriendlyErrorStack: true,
  socketTimeout: true,
  stringNumbers: true,
  tls: true,
  updateSentinels: true,
  url: true,
  username: true,
};

const WRITE =
  'write a URL such as "redis://127.0.0.1:6379", an object such as { host, port, password }, or a ' +
  "client of ioredis";

/**
 * Refuses an address that ioredis would take for another one, which is 127.0.0.1 as a rule.
 *
 * @param address The address as the user wrote it.
 * @throws {TypeError} If it is not understood.
 */
export function checkRedisAddress(address: unknown): void {
  if (isRedisClient(address)) {
    checkClient(address);
    return;
  }
  if (typeof address === "string" || address instanceof URL) {
    checkUrl(String(address));
    return;
  }
  if (typeof property(address, "duplicate") === "function") {
    refuse(describeValue(address), "a client of another library", WRITE);
  }
  checkParts("Redis", address, Object.keys(KNOWN), OWN, WRITE);
  const { db, host, maxRetriesPerRequest, port, url } = address as RedisAddress;
  if (url !== undefined) checkUrl(url);
  if (db !== undefined && !isIndex(db)) {
    refuse(`database ${describeValue(db)}`, "no number", "write such as db: 1");
  }
  if (port !== undefined && !isIndex(Number(port))) {
    refuse(`port ${describeValue(port)}`, "no number", "write port: 6379");
  }
  if (host !== undefined && (typeof host !== "string" || host === "")) {
    refuse(
      `host ${describeValue(host)}`,
      "no name",
      'write such as "redis.me"',
    );
  }
  if (maxRetriesPerRequest !== undefined && maxRetriesPerRequest !== null) {
    refuse("maxRetriesPerRequest", "set by this package", "leave it out");
  }
}

function checkClient(client: RedisClient): void {
  const { redisOptions, keyPrefix = redisOptions?.keyPrefix } = client
    .options as RedisOptions & { readonly redisOptions?: RedisOptions };
  if (!keyPrefix) return;
  refuse(
    "a client with keyPrefix",
    "nothing for BullMQ",
    "write prefix beside it",
  );
}

function checkUrl(text: string): void {
  if (text.startsWith("/") && !text.startsWith("//")) return; // a socket
  const url = /^rediss?:\/\//.test(text) && URL.canParse(text)
    ? new URL(text)
    : undefined;
  if (url === undefined) refuse("the address", "no URL of Redis", WRITE);
  if (url.hostname === "") refuse("the address", "a URL without a host", WRITE);
  if (!/^\/?\d*$/.test(url.pathname)) {
    const database = `database "${url.pathname.slice(1)}"`;
    refuse(database, "no number", "write one");
  }
  for (const key of url.searchParams.keys()) {
    if (key in KNOWN) continue;
    const write = "write one of ioredis";
    refuse(`option "${key}"`, "unknown", write);
  }
}

function isIndex(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0;
}

/** Whether it is a client of ioredis, of whatever version. */
function isRedisClient(address: unknown): address is RedisClient {
  return typeof property(address, "options") === "object" &&
    ["duplicate", "defineCommand"].every((method) =>
      typeof property(address, method) === "function"
    );
}

/** Whether it is a client of a cluster, whose keys must have a hash tag in common. */
export function isCluster(address: unknown): address is Cluster {
  return isRedisClient(address) && address.isCluster === true;
}

/**
 * Opens a connection of this package's own.
 *
 * @param address Where Redis is.
 * @param limits How it waits.
 * @returns The connection, which is being made.
 */
export function connectToRedis(
  address: string | URL | RedisAddress | RedisClient,
  limits: RedisLimits,
): RedisClient {
  const retryStrategy = (times: number): number => Math.min(50 * times, 500);
  const options = { ...limits, lazyConnect: false, retryStrategy };
  if (isCluster(address)) {
    const { enableOfflineQueue = true } = limits;
    return address.duplicate([], {
      clusterRetryStrategy: retryStrategy,
      enableOfflineQueue,
      lazyConnect: false,
      redisOptions: { ...address.options.redisOptions, ...limits } as object,
    });
  }
  return unconnected(address).duplicate(options);
}

/** A client that is not connected: ioredis reads the address. */
function unconnected(address: string | URL | RedisAddress | Redis): Redis {
  if (isRedisClient(address)) return address as Redis;
  const { url, ...options }: RedisAddress =
    typeof address === "string" || address instanceof URL
      ? { url: String(address) }
      : address;
  const lazy = { ...options, lazyConnect: true };
  return url === undefined ? new Redis(lazy) : new Redis(url, lazy);
}
