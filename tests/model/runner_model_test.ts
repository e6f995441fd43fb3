import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { all } from "../harness/left_out.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { test } from "../harness/test.ts";
import { executeRunner } from "./runner_execute.ts";
import { runnerProgram } from "./runner_program.ts";
import { predictRunner } from "./runner_reference.ts";
import { SEED } from "./seed.ts";

const PROGRAMS = all ? 6_000 : 400;

test(
  "TaskRunner does what the reference model predicts, with several requests, concurrency, maxPending and deadlines",
  async () => {
    const seen = new Map<string, number>();
    let steps = 0;
    const unhandled = await collectUnhandled(() =>
      fc.assert(
        fc.asyncProperty(runnerProgram, async (program) => {
          const executed = await executeRunner(program);
          assertEquals(executed, { ...predictRunner(program), pending: 0 });
          steps += executed.lines.length;
          for (const line of executed.lines) {
            const what = line.split(" ")[1]!;
            seen.set(what, (seen.get(what) ?? 0) + 1);
          }
        }),
        { numRuns: PROGRAMS, seed: SEED },
      )
    );
    assertEquals(unhandled, [], `POSTLUDE_SEED=${SEED}`);
    const counts = [...seen].map(([what, count]) => `${count} ${what}`);
    console.log(
      `runner model: ${PROGRAMS} programs, ${steps} events, seed ${SEED}: ${
        counts.join(", ")
      }`,
    );
  },
);
