import { assertEquals, assertRejects } from "@std/assert";
import { handOn } from "../../src/response_end/hand_on.ts";
import { test } from "../harness/test.ts";

function streamOf(
  pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  cancel?: (reason: unknown) => void,
): Response {
  const source = { pull, ...(cancel !== undefined && { cancel }) };
  const stream = new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
  return new Response(stream, { headers: { "x-kept": "yes" } });
}

test("handOn() hands on every byte and header, and tells once that the body was sent", async () => {
  const outcomes: string[] = [];
  let chunks = 3;
  const response = streamOf((controller) => {
    if (chunks-- > 0) controller.enqueue(new Uint8Array([chunks]));
    else controller.close();
  });
  const copy = handOn(response, (outcome) => outcomes.push(outcome));
  assertEquals(copy.headers.get("x-kept"), "yes");
  assertEquals([...new Uint8Array(await copy.arrayBuffer())], [2, 1, 0]);
  assertEquals(outcomes, ["sent"]);
});

test("handOn() asks for nothing that the client has not asked for", async () => {
  let asked = 0;
  const response = streamOf((controller) => {
    asked++;
    controller.enqueue(new Uint8Array(1));
  });
  const reader = handOn(response, () => {}).body!.getReader();
  assertEquals(asked, 0);
  await reader.read();
  assertEquals(asked, 1);
  await reader.cancel();
});

test("handOn() hands a failure on, and a client that leaves to the source", async () => {
  const outcomes: string[] = [];
  const failing = streamOf(() => {
    throw new Error("broken");
  });
  const copy = handOn(failing, (outcome) => outcomes.push(outcome));
  await assertRejects(() => copy.arrayBuffer());
  const reasons: unknown[] = [];
  const lasting = streamOf(
    (controller) => controller.enqueue(new Uint8Array(1)),
    (reason) => void reasons.push(reason),
  );
  const reader = handOn(lasting, (outcome) => outcomes.push(outcome)).body!
    .getReader();
  await reader.read();
  await reader.cancel("gone");
  assertEquals([outcomes, reasons], [["errored", "aborted"], ["gone"]]);
});
