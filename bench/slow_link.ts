/**
 * How long a task that burns 200 ms of CPU holds back the tail of a 1 MB body that its client reads
 * at 8 MB/s: `deno run -A bench/slow_link.ts`. Plain loopback takes 4 MB at once, which hides it;
 * so this runs itself in a network namespace of its own, where loopback has the MTU of Ethernet.
 * That needs root, on Linux.
 *
 * @module
 */
import { temporaryFolder } from "../tools/temporary_folder.ts";
import { timeBodies } from "./bodies.ts";
import { table } from "./tables.ts";

const INSIDE = "inside";
if (Deno.args[0] === INSIDE) {
  console.log(await measure(Number(Deno.args[1] ?? 5)));
  Deno.exit();
}
const reason = await runInNamespace();
if (reason !== undefined) console.log(`slow link: not measured, ${reason}`);

/** Runs this file where loopback is as narrow as a real link, or tells why it cannot. */
async function runInNamespace(): Promise<string | undefined> {
  const self = new URL(import.meta.url).pathname;
  const script = 'ip link set lo mtu 1500 && ip link set lo up && exec "$@"';
  const command = [Deno.execPath(), "run", "-A", "--quiet", self, INSIDE];
  try {
    const { success } = await new Deno.Command("unshare", {
      args: ["-n", "sh", "-c", script, "sh", ...command, ...Deno.args],
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    return success ? undefined : "it needs root";
  } catch {
    return "it needs `unshare` and `ip`, on Linux";
  }
}

async function measure(rounds: number): Promise<string> {
  await using folder = await temporaryFolder();
  const rows: string[][] = [];
  for (const runtime of ["deno", "bun", "node", "workerd"] as const) {
    for (const exactEnd of runtime === "deno" ? [false, true] : [false]) {
      const { without, withTask } = await timeBodies({
        runtime,
        folder: folder.path,
        path: "/1mb",
        bytesPerSecond: 8e6,
        rounds,
        exactEnd,
      });
      const name = exactEnd ? `${runtime}, exactEnd: true` : runtime;
      rows.push([name, without.toFixed(0), withTask.toFixed(0)]);
    }
  }
  return table(
    ["1 MB at 8 MB/s, ms to the last byte", "no task", "task burns 200 ms"],
    rows,
  );
}
