import { assertEquals } from "@std/assert";
import { withTrace } from "../../src/queues/trace_context.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";
import { messageFor } from "./contract.ts";

/** Where the API of OpenTelemetry keeps itself. */
const API = Symbol.for("opentelemetry.js.api.1");

test("withTrace() gives a message the trace that is active, and leaves it the one it has", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  const span = { spanContext: () => ({ traceId, spanId, traceFlags: 1 }) };
  const context = { active: () => ({ getValue: () => span }) };
  const trace = { traceparent: `00-${traceId}-${spanId}-01` };
  const own = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-00` };
  await withGlobal(API, { context }, () => {
    assertEquals(withTrace(messageFor(1)).trace, trace);
    assertEquals(withTrace(messageFor(2, { trace: own })).trace, own);
  });
  assertEquals(withTrace(messageFor(3)).trace, undefined);
});
