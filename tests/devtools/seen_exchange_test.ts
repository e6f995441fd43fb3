import { assertEquals } from "@std/assert";
import { SeenExchange } from "../../src/devtools/seen_exchange.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

test("SeenExchange shows the method and the path, without the query", () => {
  const request = new Request("https://example.com/a?secret=1");
  const { method, path } = new SeenExchange(request, 0);
  assertEquals([method, path], ["GET", "/a"]);
});

test("SeenExchange of a frozen request throws nothing where the URL was not read before", () => {
  const request = Object.freeze(new Request("https://example.com/a"));
  const { path } = new SeenExchange(request, 0);
  assertEquals(path, runtime === "deno" ? undefined : "/a");
});
