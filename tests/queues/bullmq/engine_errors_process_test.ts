/**
 * An engine that is up, and answers errors: it has no disk, no replica, no function, no right for
 * this user.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { breaks } from "../../harness/broken_engine.ts";
import { patientQueue } from "../../harness/bullmq_engines.ts";
import { stages } from "../../harness/durable_stage.ts";
import {
  all,
  heavy,
  leaveOut,
  noBullMQ,
  testUnless,
} from "../../harness/left_out.ts";
import { runtime } from "../../harness/runtime.ts";
import { until } from "../../harness/until.ts";

/** How much of a core a process takes, in percent, while it is watched. */
async function cpuOf(pid: number, milliseconds: number): Promise<number> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    return Number(fields[13]) + Number(fields[14]);
  };
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return Math.round((ticks() - before) * 10_000 / milliseconds) / 10;
}

const BACK = /^Durable tasks: \w+ is back$/;

/** What a worker has said; a lock that ran out is told as well, once, where the machine is slow. */
function linesOf(stderr: string): string[] {
  return stderr.trim().split("\n")
    .filter((line) => !line.includes("could not renew lock"));
}

/** The lock of a task runs out while the engine refuses: another worker could take it for dead. */
const LOCK = { LOCK: "1000" };

if (noBullMQ !== undefined) {
  leaveOut("createWorker() on an engine that answers errors", noBullMQ);
}

for (const { engine, title, break: breakIt, said, isRare } of breaks) {
  const open = stages.find(([name]) => name === engine)?.[1];
  if (open === undefined) continue;
  testUnless(
    isRare ? heavy : undefined,
    `createWorker() on ${engine} ${title} says so once, asks again after pauses, says once that it is over, and runs nothing twice`,
    async () => {
      await using durable = await open();
      await using worker = await durable.worker(LOCK);
      await using other = await durable.worker(LOCK);
      await durable.add("work", "a", 1_000);
      await durable.line("start a 1");
      await using broken = await breakIt(durable.engine.url);
      await durable.line("end a 1");
      await until(broken.lockIsOver);
      const bothSaid = (text: string): boolean =>
        worker.stderr.includes(text) && other.stderr.includes(text);
      await until(() => bothSaid("the worker waits for it"));
      const cpu = all ? await cpuOf(worker.pid, 10_000) : NaN;
      const lines = worker.stderr.split("\n").length - 1;
      await broken.mend();
      const mended = performance.now();
      while (await durable.add("work", "b", 0) !== 200);
      await durable.line("end b 1");
      const seconds = (performance.now() - mended) / 1_000;
      console.log(
        `durable: ${runtime} on ${engine} ${title}: ${lines} lines, ${cpu} % of a core, ` +
          `the next task after ${seconds.toFixed(1)} s`,
      );
      await until(() =>
        [worker, other].every(({ stderr }) =>
          BACK.test(linesOf(stderr).at(-1) ?? "")
        )
      );
      const queue = patientQueue(durable.connection);
      const client = await queue.client();
      await until(async () => await client.getCompletedCount() === 2);
      await queue.close();
      assertEquals(durable.log(), [
        "start a 1",
        "end a 1",
        "start b 1",
        "end b 1",
      ]);
      for (const { stderr } of [worker, other]) {
        const lines = linesOf(stderr);
        // what was under way when the engine broke may succeed behind what has failed
        assert(lines.length <= 4, stderr);
        for (const [index, line] of lines.entries()) {
          assertMatch(line, index % 2 === 0 ? said : BACK);
        }
      }
    },
  );
}
