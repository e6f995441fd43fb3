import { assertEquals, assertThrows } from "@std/assert";
import { quote } from "../../src/check/check.ts";
import { check, checkOptions, type Rules } from "../../src/check/rules.ts";
import { test } from "../harness/test.ts";

test("quote() escapes what could forge another line, or hide this one", () => {
  assertEquals(quote("sign-up é 好 🎉"), '"sign-up é 好 🎉"');
  assertEquals(quote('a "b"\n\u007f'), String.raw`"a \"b\"\n\u{7f}"`);
  assertEquals(
    quote("\u2028\u202e\ufeff"),
    String.raw`"\u{2028}\u{202e}\u{feff}"`,
  );
  assertEquals(quote("\u{e0041}"), String.raw`"\u{e0041}"`); // a letter that nobody sees
  assertEquals(quote("x".repeat(300)).length, 203);
});

const RULES: Rules = {
  size: ["number", "it must be at least 1", (size: number) => size >= 1],
  when: ["string, function", "write a text or a function"],
  inner: ["object", "write an object", (inner) => inner !== null],
  any: undefined,
};

test("checkOptions() refuses by the rule, with the value and what to write instead", () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [{ size: "1" }, TypeError, 'Cannot use in size "1": it must be at least 1'],
    [{ size: 0 }, RangeError, "Cannot use in size 0: it must be at least 1"],
    [{ when: 1 }, TypeError, "in when 1: write a text or a function"],
    [{ inner: null }, TypeError, "in inner null: write an object"],
    [{ sise: 1 }, TypeError, 'test option "sise": the test options are size, '],
    [[], TypeError, "Cannot read test options from an array: write an object"],
  ];
  for (const [options, type, message] of cases) {
    const read = (): void => checkOptions("test option", options, RULES, "in ");
    assertThrows(read, type, message);
  }
  checkOptions("test option", { size: undefined, any: Symbol() }, RULES);
  assertThrows(() => check("size", undefined, RULES["size"]!), TypeError);
});
