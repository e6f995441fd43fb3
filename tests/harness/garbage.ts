import { host } from "./runtime.ts";

/** Why a case that looks at what is left in memory does not run here; `undefined` where it does. */
export const noGarbage: string | undefined = host === "workerd"
  ? "Workers do not collect garbage when asked"
  : undefined;

/** Frees all that nobody holds any more. */
export async function collectGarbage(): Promise<void> {
  const collect = await collector();
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve)); // what a `WeakRef` gave is held for a turn
    collect();
  }
}

async function collector(): Promise<() => void> {
  const { Bun } = globalThis as { Bun?: { gc(sync: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
