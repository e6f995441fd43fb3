import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { all } from "../harness/left_out.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { test } from "../harness/test.ts";
import { execute } from "./execute.ts";
import { program } from "./program.ts";
import { predict } from "./reference.ts";
import { SEED } from "./seed.ts";

const PROGRAMS = all ? 8_000 : 500;

test(
  "TaskRunner does what the reference model predicts, whatever a request adds and whatever fails",
  async () => {
    let steps = 0;
    const unhandled = await collectUnhandled(() =>
      fc.assert(
        fc.asyncProperty(program, async (program) => {
          const { log, report, errors, pending } = await execute(program);
          const expected = predict(program);
          const lines = log.lines();
          steps += lines.length;
          assertEquals(lines, expected.lines());
          assertEquals(
            {
              finished: report.finished,
              failed: report.failed,
              abandoned: report.abandoned.length,
              errors: errors.length,
              pending,
            },
            {
              finished: expected.count("succeeded"),
              failed: expected.count("failed", "timed-out"),
              abandoned: expected.count("abandoned"),
              errors: expected.count("failed", "timed-out"),
              pending: 0,
            },
          );
        }),
        { numRuns: PROGRAMS, seed: SEED },
      )
    );
    assertEquals(unhandled, [], `POSTLUDE_SEED=${SEED}`);
    console.log(`model: ${PROGRAMS} programs, ${steps} events, seed ${SEED}`);
  },
);
