import { assertEquals } from "@std/assert";
import { drain, withBackgroundTasks } from "@postlude/background-tasks";
import { isThrownFailure } from "../../src/request/failure.ts";
import { processWork } from "../../src/runner/process_work.ts";
import { test } from "../harness/test.ts";

test("isThrownFailure() takes only an answer of HTTP that is no error for none", () => {
  const given = [{ status: 302 }, { statusCode: 204 }, { status: 99 }]
    .concat([{ status: 0 }, { status: 400 }, { statusCode: 503 }] as never);
  assertEquals(given.map(isThrownFailure), [
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("a handler that throws what nobody can look at fails with that, also while the process ends", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const events: string[] = [];
  const fetch = withBackgroundTasks((_request, tasks) => {
    tasks.with({ runOn: "failure" }).addTask(() => void events.push("told"));
    throw proxy;
  });
  processWork.isEnding = true;
  try {
    const isThrown = await Promise.resolve()
      .then(() => fetch(new Request("https://example.com/")))
      .then(() => false, (error) => error === proxy);
    assertEquals(isThrown, true);
  } finally {
    processWork.isEnding = false;
  }
  await drain();
  assertEquals(events, ["told"]);
});
