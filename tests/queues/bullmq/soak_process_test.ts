import process from "node:process";
import { assertEquals } from "@std/assert";
import { type Stage, stages } from "../../harness/durable_stage.ts";
import type { RunningProcess } from "../../harness/running_process.ts";
import { heavy, testUnless } from "../../harness/left_out.ts";
import { runtime } from "../../harness/runtime.ts";
import { until } from "../../harness/until.ts";

/** How many jobs: `POSTLUDE_JOBS=5000` for the figures in docs/durable.md, with `--verbose`. */
const JOBS = Number(process.env["POSTLUDE_JOBS"] ?? 300);
const AT_ONCE = 20;
const LOCK = { LOCK: "1000" };

/** Milliseconds between two looks at the log of a stage: reading all of it takes time. */
const PAUSE = 200;

/** Posts jobs until `JOBS` of them were acknowledged; tells which, and how many were refused. */
async function post(
  stage: Stage,
): Promise<{ acknowledged: string[]; refused: number }> {
  const acknowledged: string[] = [];
  let refused = 0;
  let next = 0;
  const client = async (): Promise<void> => {
    while (acknowledged.length < JOBS) {
      const name = `j${next++}`;
      if (await stage.add("work", name, 5) === 200) acknowledged.push(name);
      else refused++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return { acknowledged, refused };
}

/** The names of the jobs of a kind of line, as often as they are in the log. */
function names(stage: Stage, event: string): string[] {
  return stage.log().map((line) => line.split(" "))
    .filter(([kind]) => kind === event).map(([, name]) => name ?? "");
}

for (const [engine, open] of stages) {
  testUnless(
    heavy,
    `bullmq() on ${engine} loses none of ${JOBS} jobs to three dead workers and a restart of the engine`,
    async () => {
      await using stage = await open();
      const workers = [await stage.worker(LOCK), await stage.worker(LOCK)];
      const posting = post(stage);
      for (const share of [0.2, 0.4, 0.6]) {
        await until(() => names(stage, "end").length >= JOBS * share, PAUSE);
        const victim = workers.shift() as RunningProcess;
        victim.kill("SIGKILL");
        await victim.exited;
        workers.push(await stage.worker(LOCK));
        if (share !== 0.4) continue;
        await stage.engine.stop();
        await stage.engine.start();
      }
      const { acknowledged, refused } = await posting;
      await until(() => {
        const ended = new Set(names(stage, "end"));
        return acknowledged.every((name) => ended.has(name));
      }, PAUSE);
      const starts = names(stage, "start");
      console.log(
        `durable: ${runtime} on ${engine}: ${acknowledged.length} acknowledged, ${refused} refused, ` +
          `0 lost, ${starts.length - new Set(starts).size} ran twice`,
      );
      for (const worker of workers) {
        worker.kill("SIGTERM");
        assertEquals((await worker.exited).code, 0);
      }
    },
    600_000,
  );
}
