import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { host } from "./runtime.ts";

/** Bytes that JavaScript values take, once everything that nobody can reach is gone. Not on workerd. */
export function usedMemory(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function collectGarbage(): void {
  if (host === "bun") {
    const { Bun } = globalThis as unknown as { Bun: { gc(now: true): void } };
    return Bun.gc(true);
  }
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
