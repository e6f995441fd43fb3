import { assertEquals, assertThrows } from "@std/assert";
import { checkKeys, describeValue, quote } from "../../src/check/check.ts";
import { test } from "../harness/test.ts";

test("describeValue() says what a value is, and nothing that it holds", () => {
  class Invoice {}
  const cases: [unknown, string][] = [
    ["a text", '"a text"'],
    [42, "42"],
    [null, "null"],
    [undefined, "undefined"],
    [() => {}, "a function"],
    [[1, 2], "an array"],
    [{ password: "secret" }, "an object"],
    [Object.create(null), "an object"],
    [Promise.resolve(), "a Promise"],
    [new Invoice(), "an Invoice"],
    [new (class {})(), "an object"],
  ];
  for (const [value, text] of cases) assertEquals(describeValue(value), text);
});

test("quote() leaves no way to forge a line, to move a cursor or to turn a text around", () => {
  const hostile = "a\nb\r\u001b[2Jc\u0085d\u2028e\u202ef\u2066g\u200bh";
  const quoted = quote(hostile);
  assertEquals(
    [...quoted].filter((character) => character > "~" || character < " "),
    [],
  );
  assertEquals(quote("sendEmail"), '"sendEmail"');
});

test("quote() cuts a long text", () => {
  assertEquals(quote("x".repeat(100_000)).length < 1_000, true);
});

test("checkKeys() names the key that is not known, and those that are", () => {
  checkKeys("option", {}, ["a"]);
  checkKeys("option", { a: 1 }, ["a"]);
  assertThrows(
    () => checkKeys("option", { b: 1 }, ["a"]),
    TypeError,
    'option "b"',
  );
  for (const wrong of [null, 1, [], new Map()]) {
    assertThrows(() => checkKeys("option", wrong, ["a"]), TypeError);
  }
});
