import { assertEquals } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

// workerd prints nothing that `console.dir` writes, and so nothing of the console exporter; what is
// traced there, tests/otel/otel_test.ts sees
const title =
  "examples/otel.ts: the request, the mail and the task end in this order, in one trace";
if (runtime === "workerd") {
  leaveOut(title, "workerd prints nothing that console.dir writes");
} else {
  test(title, async () => {
    await using server = await serve("examples/otel.ts");
    const { status } = await request(server.port, "/signup", {
      method: "POST",
    });
    assertEquals(status, 200);
    await server.line("process sendEmail");
    await server.line((line) => field("id")(line) && ids(server.lines) === 3);
    const { lines } = server;
    assertEquals(lines.filter(field("name")).map(value), [
      "POST /signup",
      "smtp",
      "process sendEmail",
    ]);
    const traces = lines.filter(field("traceId")).map(value);
    assertEquals(new Set(traces.slice(0, 3)).size, 1);
  });
}

function ids(lines: readonly string[]): number {
  return lines.filter(field("id")).length;
}

/** Chooses the lines of the console exporter with a field, of the span itself. */
function field(name: string): (line: string) => boolean {
  return (line) => plain(line).startsWith(`  ${name}: `);
}

function value(line: string): string {
  return /["'](.*)["']/.exec(plain(line))?.[1] ?? "";
}

/** A log line without its colours. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replace(/\x1b\[\d+m/g, "");
}
