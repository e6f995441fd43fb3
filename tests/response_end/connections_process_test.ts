import { assertEquals } from "@std/assert";
import { broken } from "../apps/response_kinds.ts";
import { connect, request } from "../harness/http_client.ts";
import { leaveOut } from "../harness/left_out.ts";
import { test } from "../harness/test.ts";
import { uniqueName, withoutServer, withServer } from "./stage.ts";

/** A request as it goes over the wire. */
function wire(path: string, version: string, ...headers: string[]): string {
  const lines = [`GET ${path} HTTP/${version}`, "Host: 127.0.0.1", ...headers];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What a client sees of a response that breaks. */
async function seen(port: number, path: string): Promise<unknown> {
  try {
    const { status, body } = await request(port, path);
    return [status, body.length];
  } catch (error) {
    return String(error);
  }
}

const BODIES = ["/json", "/stream/4", "/bytes/1048576", "/upstream/chunked"];

for (const stage of [withServer, withoutServer]) {
  if (stage.unless !== undefined) {
    leaveOut(`responseEnd: every connection ${stage.title}`, stage.unless);
    continue;
  }
  test(`responseEnd: a client that is told to continue ${stage.title}`, async () => {
    const name = uniqueName();
    using connection = await connect(await stage.port());
    const response = connection.request(`/echo?task=${name}`, {
      method: "POST",
      headers: { Expect: "100-continue" },
      body: "an upload",
    });
    assertEquals((await response.head).status % 100, 0);
    await stage.lineOf(name);
  });

  for (const kind of Object.keys(broken)) {
    test(`responseEnd: a broken response, ${kind} ${stage.title}`, async () => {
      const port = await stage.port();
      const name = uniqueName();
      const without = await seen(port, `/broken/${kind}?none=${name}`);
      const withTask = await seen(port, `/broken/${kind}?task=${name}`);
      assertEquals(withTask, without);
      await stage.lineOf(name);
    });
  }

  for (const path of BODIES) {
    test(`responseEnd: a client of ${path} that says it will send nothing more ${stage.title}`, async () => {
      const name = uniqueName();
      using connection = await connect(await stage.port());
      const { complete } = connection.request(`${path}?task=${name}`);
      connection.end();
      await complete.then(() => {}, () => {}); // a server may take it for one that leaves
      await stage.lineOf(name);
    });

    test(`responseEnd: HTTP/1.0 ${path} ${stage.title}`, async () => {
      const name = uniqueName();
      using connection = await connect(await stage.port());
      connection.send(wire(`${path}?task=${name}`, "1.0"));
      const { status } = await connection.response().head;
      assertEquals(status, 200);
      await stage.lineOf(name);
    });

    test(`responseEnd: ${path} for an upgrade that nobody makes ${stage.title}`, async () => {
      const name = uniqueName();
      using connection = await connect(await stage.port());
      const headers = { Connection: "Upgrade", Upgrade: "h2c" };
      const response = connection.request(`${path}?task=${name}`, { headers });
      assertEquals((await response.head).status, 200);
      await response.complete.then(() => {}, () => {});
      await stage.lineOf(name);
    });

    test(`responseEnd: HEAD, then GET ${path} over one connection ${stage.title}`, async () => {
      const [one, two, three] = [uniqueName(), uniqueName(), uniqueName()];
      using connection = await connect(await stage.port());
      const head = { method: "HEAD" };
      await connection.request(`${path}?task=${one}`, head).complete;
      await connection.request(`${path}?task=${two}`).complete;
      await connection.request(`${path}?task=${three}`, head).complete;
      for (const name of [one, two, three]) await stage.lineOf(name);
    });

    test(`responseEnd: nonsense behind the request for ${path} ${stage.title}`, async () => {
      const name = uniqueName();
      using connection = await connect(await stage.port());
      connection.send(
        wire(`${path}?task=${name}`, "1.1") + "\0\0 nonsense\r\n\r\n",
      );
      await connection.response().head;
      await stage.lineOf(name);
    });
  }
}
