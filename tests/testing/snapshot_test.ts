import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { withBackgroundTasks } from "@postlude/background-tasks";
import {
  assertTaskAdded,
  assertTaskCount,
  TestClient,
} from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

/** A client whose task changes its argument; it has ended when this resolves. */
async function changing<T>(
  make: () => T,
  change: (value: T) => void,
): Promise<{ client: TestClient; work: (value: T) => void; given: T }> {
  const given = make();
  const work = (value: T): void => change(value);
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.addTask(work, given);
    return new Response("ok");
  }));
  await client.get("/");
  return { client, work, given };
}

class Order {
  status = "new";
  readonly lines: string[] = ["tea"];
  readonly #secret: string = "secret";

  get secret(): string {
    return this.#secret;
  }
}

/** Such as the `Buffer` of Node. */
class Own extends Uint8Array {}
class OwnView extends DataView<ArrayBuffer> {}

/** What a task may change, and how. */
const CHANGES: Readonly<
  Record<string, [() => unknown, (value: never) => void]>
> = {
  "a property": [
    () => ({ a: { b: 1 } }),
    (value: { a: { b: number } }) => void (value.a.b = 2),
  ],
  "an element": [() => [[1]], (value: number[][]) => void value[0]!.push(2)],
  "a map": [
    () => new Map([["a", [1]]]),
    (value: Map<string, number[]>) => void value.get("a")!.push(2),
  ],
  "a set": [() => new Set([1]), (value: Set<number>) => void value.add(2)],
  "a date": [() => new Date(0), (value: Date) => void value.setTime(1)],
  "a URL": [
    () => new URL("http://a.test"),
    (value: URL) => void (value.pathname = "/b"),
  ],
  "a query": [
    () => new URLSearchParams("a=1"),
    (value: URLSearchParams) => value.append("b", "2"),
  ],
  "headers": [
    () => new Headers({ a: "1" }),
    (value: Headers) => value.set("a", "2"),
  ],
  "a form": [
    () => {
      const form = new FormData();
      form.set("a", "1");
      return form;
    },
    (value: FormData) => value.set("a", "2"),
  ],
  "bytes": [
    () => new Uint8Array([1, 2]).subarray(1),
    (value: Uint8Array) => value.fill(9),
  ],
  "a buffer": [
    () => new Uint8Array([1, 2]).buffer,
    (value: ArrayBuffer) => void new Uint8Array(value).fill(9),
  ],
  "a view": [
    () => new DataView(new Uint8Array([1, 2]).buffer, 1),
    (value: DataView) => value.setUint8(0, 9),
  ],
  "bytes of a class of its own": [
    () => Object.setPrototypeOf(new Uint8Array([1]), Own.prototype),
    (value: Uint8Array) => value.fill(9),
  ],
  "a view of a class of its own": [
    () =>
      Object.setPrototypeOf(
        new DataView(new Uint8Array([1, 2]).buffer),
        OwnView.prototype,
      ),
    (value: DataView) => value.setUint8(0, 9),
  ],
  "a property behind a null prototype": [
    () => Object.assign(Object.create(null), { a: 1 }),
    (value: { a: number }) => void (value.a = 2),
  ],
  "a property of an instance": [
    () => new Order(),
    (value: Order) => void value.lines.push(value.status = "sent"),
  ],
};

for (const [kind, [make, change]] of Object.entries(CHANGES)) {
  test(`assertTaskAdded() compares what an argument was before the task changed it: ${kind}`, async () => {
    const { client, work, given } = await changing(
      make,
      change as (value: unknown) => void,
    );
    assertTaskAdded(client, work, [make()]);
    assertThrows(() => assertTaskAdded(client, work, [given]), Error);
  });
}

test("TestTasks shows plain arguments as they were, and instances of classes as they are", async () => {
  const made = { order: new Order(), ids: [1] };
  const { client } = await changing(() => made, ({ order, ids }) => {
    order.status = "sent";
    ids.push(2);
  });
  const [seen] = client.tasks.added[0]!.args as [typeof made];
  assertEquals([seen.ids, seen.order.status, seen.order.secret], [
    [1],
    "sent",
    "secret",
  ]);
  assertStrictEquals(seen.order, made.order);
  assertEquals(
    String(client.tasks.added[0]),
    'work({ order: Order { status: "new", lines: ["tea"] }, ids: [1] })',
  );
});

test("assertTaskAdded() keeps what cannot be copied the same object", async () => {
  const form = new FormData();
  form.set("file", new File(["a"], "a.txt"));
  class Longer extends Map<string, number> {}
  const kept = [
    () => {},
    Promise.resolve(),
    new Blob(["a"]),
    form,
    new Error("asked"),
    new Longer([["a", 1]]),
    new WeakMap(),
    Symbol("one"),
  ];
  for (const value of kept) {
    const { client, work } = await changing(() => value, () => {});
    assertTaskAdded(client, work, [value]);
    assertStrictEquals(client.tasks.added[0]!.args[0], value);
  }
});

test("assertTaskAdded() copies circles, getters and what a proxy refuses to show", async () => {
  const circle: Record<string, unknown> = { name: "circle" };
  circle["self"] = circle;
  const seen = await changing(
    () => circle,
    (value) => void (value["name"] = ""),
  );
  const again: Record<string, unknown> = { name: "circle" };
  again["self"] = again;
  assertTaskAdded(seen.client, seen.work, [again]);

  let read = 0;
  const lazy = {
    get total(): number {
      return ++read;
    },
  };
  const lazily = await changing(() => ({ lazy }), () => {});
  read = 0; // the page of devtools() may have looked too
  assertEquals(lazily.client.tasks.size, 1);
  assertEquals(read, 0);

  const refusing = new Proxy({}, {
    ownKeys(): never {
      throw new Error("no");
    },
  });
  const kept = await changing(() => refusing, () => {});
  assertStrictEquals(kept.client.tasks.added[0]!.args[0], refusing);
});

test("assertTaskAdded() copies frozen arrays with holes, and no more than 10,000 objects", async () => {
  const frozen = Object.freeze([1, , 3]);
  const { client, work } = await changing(() => frozen, () => {});
  assertTaskAdded(client, work, [Object.freeze([1, , 3])]);
  assertEquals(client.tasks.added[0]!.args, [[1, , 3]]);

  const many = Array.from({ length: 20_000 }, (_, id) => ({ id }));
  const large = await changing(() => many, () => {});
  const [copy] = large.client.tasks.added[0]!.args as [typeof many];
  assertEquals([copy.length, copy[0] === many[0]], [20_000, false]);
  assertStrictEquals(copy.at(-1), many.at(-1));
});

test("assertTaskCount() says that private fields of equal arguments were not looked at", async () => {
  class Card {
    readonly last4 = "4242";
    readonly #number: string;
    constructor(number: string) {
      this.#number = number;
    }
    charge(): string {
      return this.#number;
    }
  }
  const charge = (order: { card: Card }): string => order.card.charge();
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.addTask(charge, { card: new Card("1") });
    tasks.addTask(charge, { card: new Card("2") });
    return new Response("ok");
  }));
  await client.get("/");
  const { message } = assertThrows(
    () => assertTaskCount(client, charge, 1, [{ card: new Card("1") }]),
    Error,
  );
  assertEquals(
    message,
    `Cannot find the task charge({ card: Card { last4: "4242" } }) once: it was added 2 times
2 tasks were added:
  charge({ card: Card { last4: "4242" } })
  charge({ card: Card { last4: "4242" } })
Private fields were not looked at: no runtime shows those of Card.`,
  );
  const calls = [
    () => assertTaskCount(client, charge, 3),
    () => assertTaskAdded(client, charge, [{ card: null as never }]),
    () => assertTaskCount(client, charge, 1, ({ attempts }) => attempts === 1),
  ];
  for (const call of calls) {
    const { message } = assertThrows(call, Error);
    assertEquals(message.includes("Private"), false, message);
  }
});
