import { assertEquals } from "@std/assert";
import fc from "fast-check";
import process from "node:process";
import { all } from "../harness/left_out.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { test } from "../harness/test.ts";
import { executeRunner } from "./runner_execute.ts";
import { runnerProgram } from "./runner_program.ts";
import { predictRunner } from "./runner_reference.ts";

const PROGRAMS = all ? 6_000 : 750;

test(
  "TaskRunner does what the reference model predicts, with several requests, concurrency, maxPending and deadlines",
  async () => {
    const seed = Number(
      process.env["POSTLUDE_SEED"] ?? Date.now() & 0x7fffffff,
    );
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
        { numRuns: PROGRAMS, seed },
      )
    );
    assertEquals(unhandled, [], `POSTLUDE_SEED=${seed}`);
    const counts = [...seen].map(([what, count]) => `${count} ${what}`);
    console.log(
      `runner model: ${PROGRAMS} programs, ${steps} events, seed ${seed}: ${
        counts.join(", ")
      }`,
    );
  },
  60_000,
);
