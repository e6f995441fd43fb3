import process from "node:process";
import { host } from "./runtime.ts";

/** Why a case that looks at what is left in memory does not run here; `undefined` where it does. */
export const noGarbage: string | undefined = host === "workerd"
  ? "Workers do not collect garbage when asked"
  : undefined;

/** Collections after which what is still there is held by somebody. */
const COLLECTIONS = 50;

/**
 * Frees what nobody holds any more, until a figure is as it should be: no collector promises to find
 * all of it at once.
 *
 * @param figure What is left.
 * @param most As much of it may stay.
 * @returns The figure at last.
 */
export async function leftAfterGarbage(
  figure: () => number,
  most: number,
): Promise<number> {
  const collect = await collector();
  let left = Infinity;
  for (let count = 0; count < COLLECTIONS && left > most; count++) {
    await new Promise((resolve) => setTimeout(resolve)); // what a `WeakRef` gave is held for a turn
    collect();
    left = figure();
  }
  return left;
}

/** Bytes that JavaScript values take, once what nobody holds any more is gone. */
export async function usedMemory(): Promise<number> {
  (await collector())();
  return process.memoryUsage().heapUsed;
}

async function collector(): Promise<() => void> {
  const { Bun } = globalThis as { Bun?: { gc(sync: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
