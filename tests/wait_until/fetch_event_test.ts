import { assertStrictEquals } from "@std/assert";
import { fetchEvent } from "../../src/wait_until/fetch_event.ts";
import { Owner, serviceBinding } from "../harness/owner.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** As `runtime/fastly/builtins/fetch-event.cpp` of fastly/js-compute-runtime has it. */
class FetchEvent extends Owner {}

test("fetchEvent finds the event, as an execution context or beside the request", async () => {
  await withGlobal("FetchEvent", FetchEvent, () => {
    for (const hint of ["executionContext", "platform"]) {
      const event = new FetchEvent();
      const promise = Promise.resolve();
      fetchEvent.findWaitUntil({ [hint]: event })!(promise);
      assertStrictEquals(event.promises[0], promise);
    }
  });
});

test("fetchEvent takes nothing else for an event", async () => {
  const others = [undefined, null, {}, new Owner(), serviceBinding()];
  const find = (): void => {
    for (const platform of others) {
      assertStrictEquals(fetchEvent.findWaitUntil({ platform }), undefined);
    }
  };
  await withGlobal("FetchEvent", FetchEvent, find);
  await withGlobal("FetchEvent", undefined, find);
});
