import { assertEquals } from "@std/assert";
import { difference } from "../../src/testing/difference.ts";
import { test } from "../harness/test.ts";

const long = "x".repeat(300);

function differenceOf(actual: unknown, expected: unknown): string | undefined {
  return difference(actual, expected, "argument 1");
}

/** Each of several pairs, and what is said of it. */
function assertDifferences(
  cases: readonly (readonly [unknown, unknown, string])[],
): void {
  for (const [actual, expected, message] of cases) {
    assertEquals(differenceOf(actual, expected), `argument 1${message}`);
  }
}

test("a comparison of sets in sets takes as long as they are deep, where the innermost differ", () => {
  let looks = 0;
  const nested = (value: string, depth: number): Set<unknown> => {
    const leaf = {
      get value(): string {
        looks++;
        return value;
      },
    };
    let set: Set<unknown> = new Set([leaf]);
    for (let i = 0; i < depth; i++) set = new Set([set]);
    return set;
  };
  const looksAt = (depth: number): number => {
    looks = 0;
    differenceOf(nested("a", depth), nested("b", depth));
    return looks;
  };
  const looksMore = looksAt(8) - looksAt(4);
  assertEquals(looksMore < 100, true, `${looksMore} looks more`);
});

test("difference() shows where two long texts differ", () => {
  const twenty = "x".repeat(20);
  const end = `…"${twenty}a" instead of …"${twenty}b"`;
  assertDifferences([
    [`${long}a`, `${long}b`, ` differs at character 301: ${end}`],
    [
      { text: `${long}a` },
      { text: `${long}b` },
      `.text differs at character 301: ${end}`,
    ],
    [
      long,
      `${long}${long}`,
      ` differs at character 301: …"${twenty}" instead of …"${
        "x".repeat(40)
      }"…`,
    ],
    [
      new Error(`${long}a`),
      new Error(`${long}b`),
      ` differs at character 308: ${end}`,
    ],
  ]);
  const url = (end: string): URL => new URL(`http://a.test/${long}${end}`);
  assertEquals(
    differenceOf(url("a"), url("b")),
    `argument 1 differs at character 320: …${
      JSON.stringify(`${twenty}a")`)
    } instead of …${JSON.stringify(`${twenty}b")`)}`,
  );
});

test("difference() shows where two maps or sets differ that are printed alike", () => {
  const deep = (value: unknown): unknown => ({ a: { b: { c: { value } } } });
  const twenty = "x".repeat(20);
  const end =
    `differs at character 301: …"${twenty}a" instead of …"${twenty}b"`;
  assertDifferences([
    [
      new Map([["ada", `${long}a`]]),
      new Map([["ada", `${long}b`]]),
      `.get("ada") ${end}`,
    ],
    [
      new Map([["ada", deep(1)], ["bob", deep(2)]]),
      new Map([["bob", deep(3)], ["ada", deep(1)]]),
      ' is Map(["ada", { a: { b: {…} } }], ["bob", { a: { b: {…} } }]) instead of ' +
      'Map(["bob", { a: { b: {…} } }], ["ada", { a: { b: {…} } }])',
    ],
    [
      new Map([["ada", deep(1)], ["bob", deep(2)]]),
      new Map([["ada", deep(1)], ["bob", deep(3)]]),
      '.get("bob").a.b.c.value is 2 instead of 3',
    ],
    [
      new Map([[long, 1], [`${long}a`, 1]]),
      new Map([[long, 1]]),
      ` has ${JSON.stringify(long).slice(0, 200)}… too`,
    ],
    [
      new Set([long, "a"]),
      new Set([long, "b", "a"]),
      ' has no "b"',
    ],
  ]);
  assertEquals(
    differenceOf(new Set([`${long}a`]), new Set([`${long}b`])),
    `a key of argument 1 ${end}`,
  );
});

test("difference() shows where two lists differ that are printed alike", () => {
  const numbers = (...more: number[]): number[] => [
    ...Array.from({ length: 200 }, () => 1),
    ...more,
  ];
  assertDifferences([
    [numbers(), numbers(1), " has 200 elements instead of 201"],
    [numbers(1), numbers(2), "[200] is 1 instead of 2"],
    [
      new URLSearchParams({ a: `${long}a` }),
      new URLSearchParams({ a: `${long}b` }),
      `[0][1] differs at character 301: …"${"x".repeat(20)}a" instead of …"${
        "x".repeat(20)
      }b"`,
    ],
  ]);
});

test("difference() compares files by name, type and size, and says that it reads no bytes", () => {
  const form = (content: string, name: string, type: string): FormData => {
    const form = new FormData();
    form.set("file", new File([content], name, { type }));
    return form;
  };
  const { name } = form("a", "a", "text/a").get("file")!.constructor; // Bun calls it a Blob
  assertDifferences([
    [
      form("a", "a.txt", "text/plain"),
      form("b", "a.txt", "text/plain"),
      `[0][1] is another ${name}, whose content is private and was not looked at`,
    ],
    [
      new File(["a"], "a.txt"),
      new File(["a"], "b.txt"),
      '.name is "a.txt" instead of "b.txt"',
    ],
    [new Blob(["a"]), new Blob(["ab"]), ".size is 1 instead of 2"],
    [
      new Blob([], { type: "text/a" }),
      new Blob([], { type: "text/b" }),
      '.type is "text/a" instead of "text/b"',
    ],
  ]);
  const printed = differenceOf([form("a", "a.txt", "text/a")], ["b"]);
  assertEquals(
    printed,
    `argument 1[0] is FormData(["file", ${name}("a.txt", "text/a", 1 byte)]) instead of "b"`,
  );
});

test("difference() tells functions, symbols and classes apart that have the same name", () => {
  const one = { work(): void {} };
  const other = { work(): void {} };
  const make = (): object =>
    new (class Order {
      id = 1;
    })();
  assertDifferences([
    [one.work, other.work, " is another function named work"],
    [[() => {}][0], [() => {}][0], " is another function without a name"],
    [
      { on: one.work },
      { on: other.work },
      ".on is another function named work",
    ],
    [0, -0, " is 0 instead of -0"],
    [Symbol("a"), Symbol("a"), " is another symbol of the same description"],
    [make(), make(), " is of another class that is called Order too"],
  ]);
});

test("difference() ends where two circles are printed alike", () => {
  const circle = (end: string): Map<string, unknown> => {
    const map = new Map<string, unknown>();
    map.set("self", map);
    map.set("text", `${long}${end}`);
    return map;
  };
  assertEquals(differenceOf(circle("a"), circle("a")), undefined);
  assertEquals(
    differenceOf(circle("a"), circle("b")),
    `argument 1.get("text") differs at character 301: …"${
      "x".repeat(20)
    }a" instead of …"${"x".repeat(20)}b"`,
  );
});

test("difference() ends where circles of different lengths are compared", () => {
  const circle = (length: number): object => {
    const first: Record<string, unknown> = {};
    let last = first;
    for (let at = 1; at < length; at++) last = { next: last };
    first["next"] = last;
    return first;
  };
  for (const [one, other] of [[1, 2], [2, 3], [6, 4]] as const) {
    assertEquals(differenceOf(circle(one), circle(other)), undefined);
  }
});

test("difference() says that a value cannot be compared, where it throws", () => {
  const trap = {
    get value(): never {
      throw new Error("do not touch");
    },
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const matcher = {
    asymmetricMatch(): never {
      throw new Error("no matcher");
    },
  };
  assertDifferences([
    [trap, { value: 1 }, " cannot be compared: do not touch"],
    [trap, 1, " is { value: … instead of 1"],
    [proxy, 1, " is … instead of 1"],
    [1, matcher, " cannot be compared: no matcher"],
  ]);
});
