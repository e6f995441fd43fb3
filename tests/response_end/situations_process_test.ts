import { assertEquals, assertMatch } from "@std/assert";
import {
  connect,
  type Connection,
  request,
  type RequestOptions,
} from "../harness/http_client.ts";
import {
  heavy,
  leaveOut,
  notOnWorkers,
  testUnless,
} from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import {
  release,
  Stage,
  uniqueName,
  withoutServer,
  withServer,
} from "./stage.ts";

const LASTING: Readonly<Record<string, RequestOptions>> = {
  "an event stream that lasts": {},
  "an event stream that lasts, for a request that a middleware replaced": {
    method: "POST",
    headers: { "Transfer-Encoding": "chunked" },
    body: "2\r\nhi\r\n0\r\n\r\n",
  },
};

const late = runtime === "workerd"
  ? "Workers end a handler whose response has left"
  : undefined;

const noSignal = runtime === "workerd"
  ? "a Worker is told of that with a compatibility flag only"
  : undefined;

/** Where a Worker is told that its client has left. */
const withSignal = new Stage(
  "with enable_request_signal",
  { COMPATIBILITY_FLAGS: "enable_request_signal" },
  notOnWorkers,
);

for (const stage of [withServer, withoutServer, withSignal]) {
  const unless = runtime === "workerd" && stage === withServer
    ? noSignal
    : stage.unless;
  for (const path of ["/lasts/never", "/upstream/quiet"]) {
    const title =
      `responseEnd: a client that leaves ${path}, which has nothing to send ${stage.title}`;
    testUnless(unless, title, async () => {
      const name = uniqueName();
      const connection = await connect(await stage.port());
      const response = connection.request(`${path}?task=${name}`);
      await response.head;
      await stage.pings(20);
      assertEquals(await stage.linesOf(name), []);
      connection.destroy();
      assertOutcome(await stage.lineOf(name), "aborted");
    });
  }
}

for (const stage of [withServer, withoutServer, withSignal]) {
  const unless = runtime === "workerd" && stage === withServer
    ? heavy // it waits for 20 seconds
    : stage.unless;
  const title =
    `responseEnd: the first task of a request, added by work that goes on when its client has left ${stage.title}`;
  testUnless(unless, title, async () => {
    // behind some clients that leave the stream fails in workerd too, behind others nothing is told
    await Promise.all(Array.from({ length: 8 }, async () => {
      const name = uniqueName();
      const connection = await connect(await stage.port());
      const response = connection.request(`/own/apart/${name}?task=${name}`);
      await response.head;
      connection.destroy();
      await connection.closed;
      await stage.pings(20);
      await stage.open(name);
      assertOutcome(await stage.lineOf(name), "aborted");
    }));
  });
}

const notQueued = runtime === "node"
  ? undefined
  : "only Node calls the handler of a request behind a slow one";

for (const stage of [withServer, withoutServer]) {
  if (stage.unless === undefined) situations(stage);
  else leaveOut(`responseEnd: every situation ${stage.title}`, stage.unless);
}

function situations(stage: Stage): void {
  test(`responseEnd: a client that leaves before the first byte ${stage.title}`, async () => {
    const port = await stage.port();
    const name = uniqueName();
    const connection = await connect(port);
    connection.request(`/waits/${name}?task=${name}`);
    await (await stage.app()).line(`waits ${name}`);
    connection.destroy();
    await connection.closed;
    assertEquals(await stage.linesOf(name), []);
    await stage.open(name);
    assertOutcome(await stage.lineOf(name), "aborted");
  });

  test(`responseEnd: a client that closes its connection before the first byte ${stage.title}`, async () => {
    const port = await stage.port();
    const name = uniqueName();
    const connection = await connect(port);
    connection.request(`/waits/${name}?task=${name}`);
    await (await stage.app()).line(`waits ${name}`);
    connection[Symbol.dispose]();
    await connection.closed;
    await stage.open(name);
    assertOutcome(await stage.lineOf(name), "aborted");
  });

  test(`responseEnd: a client that leaves between two requests ${stage.title}`, async () => {
    const port = await stage.port();
    const [one, two] = [uniqueName(), uniqueName()];
    const connection = await connect(port);
    await connection.request(`/json?task=${one}`).complete;
    await stage.lineOf(one);
    await connection.request(`/json?task=${two}`).complete;
    connection.destroy();
    await stage.lineOf(two);
  });

  test(`responseEnd: a body that fails half-way ${stage.title}`, async () => {
    const port = await stage.port();
    const name = uniqueName();
    using connection = await connect(port);
    const { complete } = connection.request(`/breaks?task=${name}`);
    await complete.then(() => {}, () => {});
    assertOutcome(await stage.lineOf(name), "errored");
  });

  for (const [title, options] of Object.entries(LASTING)) {
    test(`responseEnd: ${title} ${stage.title}`, async () => {
      const port = await stage.port();
      const name = uniqueName();
      using connection = await connect(port);
      const path = `/lasts/${name}?task=${name}&hold`;
      const response = connection.request(path, options);
      await response.head;
      await stage.pings(20);
      assertEquals(await stage.linesOf(name), []);
      await stage.open(name);
      const { text } = await response.complete;
      release(name);
      assertEquals(text, "data: first\n\ndata: last\n\n");
      await stage.lineOf(name);
    });
  }

  test(`responseEnd: tasks added from inside the body run behind the others ${stage.title}`, async () => {
    const name = uniqueName();
    const response = await request(
      await stage.port(),
      `/own/late?task=${name}`,
    );
    assertEquals(response.body.length, 8 * 65536);
    await stage.lineOf(`${name}-late`);
    assertEquals(
      (await stage.app()).lines.filter((line) => line.includes(name)).map((
        line,
      ) => line.split(" ")[1]),
      [name, `${name}-late`],
    );
  });

  test(`responseEnd: a first task added from inside the body runs ${stage.title}`, async () => {
    const name = uniqueName();
    await request(await stage.port(), `/own/only-late?task=${name}`);
    await stage.lineOf(`${name}-late`);
  });

  testUnless(
    late,
    `responseEnd: a task added when a middleware outside has answered runs ${stage.title}`,
    async () => {
      const name = uniqueName();
      const path = `/own/timeout/${name}?task=${name}`;
      assertEquals(
        (await request(await stage.port(), path)).text,
        "Gateway Timeout",
      );
      await stage.open(name);
      await stage.lineOf(name);
    },
  );

  test(`responseEnd: a task added from inside the body runs when one before it was cancelled ${stage.title}`, async () => {
    const port = await stage.port();
    const name = uniqueName();
    using connection = await connect(port);
    const response = connection.request(`/own/cancelled/${name}?task=${name}`);
    await response.head;
    await stage.pings(20);
    await stage.open(name);
    const { text } = await response.complete;
    assertEquals(text, "data: first\n\ndata: last\n\n");
    await stage.lineOf(name);
  });

  test(`responseEnd: three pipelined requests get their answers before their tasks burn ${stage.title}`, async () => {
    const port = await stage.port();
    const names = [uniqueName(), uniqueName(), uniqueName()];
    using connection: Connection = await connect(port);
    const pending = names.map((name) =>
      connection.request(`/json?task=${name}`).complete
    );
    for (const { status } of await Promise.all(pending)) {
      assertEquals(status, 200);
    }
    for (const name of names) await stage.lineOf(name);
  });

  test(`responseEnd: the first task of a request, added in mid body, and one behind it ${stage.title}`, async () => {
    const name = uniqueName();
    using connection = await connect(await stage.port());
    const response = connection.request(`/own/mid/${name}?task=${name}`);
    await response.head;
    await stage.pings(20);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await stage.pings(20);
    assertEquals(await stage.linesOf(name), []);
    await stage.open(name);
    const { text } = await response.complete;
    assertEquals(text, "data: first\n\ndata: last\n\n");
    await stage.lineOf(`${name}-second`);
    assertEquals(
      (await stage.linesOf(name)).map((line) => line.split(" ")[1]),
      [name, `${name}-second`],
    );
  });

  testUnless(
    noSignal,
    `responseEnd: the first task of a request, added when its client leaves ${stage.title}`,
    async () => {
      const name = uniqueName();
      const connection = await connect(await stage.port());
      const { head } = connection.request(`/own/abort?task=${name}`);
      await head;
      connection.destroy();
      await stage.lineOf(name);
    },
  );

  testUnless(
    notQueued,
    `responseEnd: a client that leaves while its other answers wait for a slow one ${stage.title}`,
    async () => {
      const gate = uniqueName();
      const names = [uniqueName(), uniqueName()];
      const connection = await connect(await stage.port());
      connection.request(`/waits/${gate}`);
      for (const name of names) connection.request(`/json?task=${name}`);
      await (await stage.app()).line(`waits ${gate}`);
      await stage.pings(20);
      connection.destroy();
      for (const name of names) await stage.lineOf(name);
      await stage.open(gate);
    },
  );
}

function assertOutcome(line: string, outcome: string): void {
  assertMatch(line, new RegExp(` 200 (${outcome}|unknown)$`));
}
