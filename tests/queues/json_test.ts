import { assertEquals, assertThrows } from "@std/assert";
import { copyArguments } from "../../src/queues/json.ts";
import { test } from "../harness/test.ts";

class Entity {
  readonly id = 7;
}

/** An array in an array, so many in all. */
function nested(depth: number): unknown {
  return depth === 0 ? null : [nested(depth - 1)];
}

test("copyArguments() copies what is JSON, to the depth of it", () => {
  const args = [
    "text",
    0,
    -1.5,
    true,
    null,
    [],
    {},
    [{ a: [{ b: null }] }],
    Object.assign(Object.create(null), { bare: 1 }),
  ];
  const copies = copyArguments("t", args);
  assertEquals(copies, JSON.parse(JSON.stringify(args)));
  assertEquals(
    copies.some((copy, index) => index > 4 && copy === args[index]),
    false,
  );
});

test("copyArguments() copies -0 as 0, as JSON does", () => {
  assertEquals(Object.is(copyArguments("t", [-0])[0], 0), true);
});

test("copyArguments() takes whole surrogate pairs, and what is a thousand deep", () => {
  const args = ["whole \ud83d\ude00", nested(1_000)];
  assertEquals(
    JSON.stringify(copyArguments("t", args)),
    JSON.stringify(args),
  );
});

test("copyArguments() takes the same object twice, where it is no cycle", () => {
  const shared = { id: 1 };
  assertEquals(copyArguments("t", [[shared, shared], shared]), [
    [{ id: 1 }, { id: 1 }],
    { id: 1 },
  ]);
});

test("copyArguments() says where a value is that is not JSON, and what to pass instead", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = [cycle];
  const cases: [unknown, string][] = [
    [undefined, "argument 2 is undefined; leave it out, or pass null"],
    [{ a: undefined }, "argument 2.a is undefined; leave it out, or pass null"],
    [[1, , 2], "argument 2[1] is undefined; leave it out, or pass null"],
    [{ at: new Date(0) }, "argument 2.at is a Date; pass date.toISOString()"],
    [[NaN], "argument 2[0] is NaN; pass a finite number, or null"],
    [-Infinity, "argument 2 is -Infinity; pass a finite number, or null"],
    [10n, "argument 2 is a bigint; pass String(value)"],
    [Symbol("s"), "argument 2 is a symbol; leave it out, or pass null"],
    [{ f: () => {} }, "argument 2.f is a function; pass plain data"],
    [new Map(), "argument 2 is a Map; pass Object.fromEntries(map)"],
    [new Set(), "argument 2 is a Set; pass [...set]"],
    [
      new Uint8Array(1),
      "argument 2 is a Uint8Array; pass plain data, or pass an ID, and load",
    ],
    [
      { user: new Entity() },
      "argument 2.user is an Entity; pass plain data, or pass an ID, and load",
    ],
    [
      Promise.resolve(),
      "argument 2 is a Promise; pass plain data, or pass an ID, and load",
    ],
    [
      cycle,
      "argument 2.self[0] is too deep, or contains itself; pass plain data",
    ],
    [
      nested(1_001),
      `argument 2${"[0]".repeat(1_000)} is too deep, or contains itself`,
    ],
    [
      { text: "half \ud83d" },
      "argument 2.text is a string; pass text.toWellFormed()",
    ],
    [
      { "\ud83d": 1 },
      "a key of argument 2 is a string; pass text.toWell",
    ],
    [
      { [Symbol("s")]: 1 },
      "a key of argument 2 is a symbol; leave it out, or pass null",
    ],
  ];
  for (const [value, message] of cases) {
    assertThrows(
      () => copyArguments("send", ["first", value]),
      TypeError,
      `Cannot hand task "send" to its queue: ${message}`,
    );
  }
});
