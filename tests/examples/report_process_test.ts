import { assertEquals } from "@std/assert";
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { connect, request } from "../harness/http_client.ts";
import { leaveOut, noFiles, testUnless } from "../harness/left_out.ts";
import { serve, type Served } from "../harness/serve.ts";

const ROW = 62;
const LARGE = "/report.csv?rows=1082402"; // 64 MB
const SMALL = "/report.csv?rows=16388"; // 1 MB

const hasDescriptors = existsSync("/proc/self/fd");
if (!hasDescriptors) {
  leaveOut("examples/report.ts: no descriptor stays open", "there is no /proc");
}

reportTest("GET sends the whole report", async (port) => {
  const { status, headers, body } = await request(port, "/report.csv?rows=3");
  const sent = [status, headers.get("content-length"), body.length];
  assertEquals(sent, [200, String(3 * ROW), 3 * ROW]);
});

reportTest("HEAD opens no file", async (port) => {
  const options = { method: "HEAD" };
  assertEquals((await request(port, SMALL, options)).status, 200);
});

reportTest("a range is sent as one", async (port) => {
  const options = { headers: { range: "bytes=62-73" } };
  const { status, headers, text } = await request(port, SMALL, options);
  assertEquals([status, text], [206, "2026-11-22;a"]);
  assertEquals(headers.get("content-range"), `bytes 62-73/${16_388 * ROW}`);
});

reportTest("a range behind the end is refused", async (port) => {
  const options = { headers: { range: "bytes=99999999-" } };
  assertEquals((await request(port, SMALL, options)).status, 416);
});

reportTest("a slow reader gets all of 64 MB", async (port, server) => {
  using connection = await connect(port);
  const response = connection.request(LARGE);
  await response.head;
  connection.pause();
  for (let i = 0; i < 50; i++) await request(port, "/elsewhere");
  assertEquals(server.lines, []);
  connection.resume();
  assertEquals((await response.complete).body.length, 67_108_924);
});

reportTest(
  "a reader that leaves half-way leaves no file",
  async (port, server) => {
    const connection = await connect(port);
    await connection.request(LARGE).head;
    connection.pause();
    for (let i = 0; i < 10; i++) await request(port, "/elsewhere");
    assertEquals(server.lines, []);
    connection.destroy();
  },
);

testUnless(
  noFiles,
  "examples/report.ts: the task deletes the report",
  async () => {
    const { default: app } = await import("../../examples/report.ts");
    const client = new TestClient(app, { tasks: "record" });
    const response = await client.get("/report.csv", { query: { rows: 3 } });
    assertEquals((await response.text()).length, 3 * 62);
    const [folder] = assertTaskAdded(client, "deleteReport").args;
    assertEquals(existsSync(`${folder}`), true);
    await client.tasks.runAll();
    assertEquals(existsSync(`${folder}`), false);
  },
);

/** A test that ends with one deleted folder, nothing left in it, and no open descriptor. */
function reportTest(
  name: string,
  body: (port: number, server: Served) => Promise<void>,
): void {
  testUnless(noFiles, `examples/report.ts: ${name}`, async () => {
    const folder = mkdtempSync(`${tmpdir()}/postlude-report-`);
    try {
      await using server = await serve("examples/report.ts", {
        env: { TMPDIR: folder },
      });
      await body(server.port, server);
      await server.line("deleted");
      assertEquals(server.lines.length, 1);
      assertEquals(readdirSync(folder), []);
      // a stream that was cancelled closes its file a little later; one that never does is a leak
      while (descriptors(server.pid, folder).length > 0) {
        await request(server.port, "/elsewhere");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** The files in a folder that a process holds open, where the system tells. */
function descriptors(pid: number, folder: string): string[] {
  if (!hasDescriptors) return [];
  return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      return ""; // closed since the folder was read
    }
  }).filter((path) => path.startsWith(folder));
}
