import { assertEquals } from "@std/assert";
import { ShownRequest } from "../../src/devtools/shown_request.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

test("ShownRequest shows the method and the path, without the query", () => {
  const request = new Request("https://example.com/a?secret=1");
  const { method, path } = new ShownRequest(request, 0);
  assertEquals([method, path], ["GET", "/a"]);
});

test("ShownRequest of a frozen request throws nothing where the URL was not read before", () => {
  const request = Object.freeze(new Request("https://example.com/a"));
  const { path } = new ShownRequest(request, 0);
  assertEquals(path, runtime === "deno" ? undefined : "/a");
});
