import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { connect, request } from "../harness/http_client.ts";
import { load } from "../harness/load.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import {
  all,
  heavy,
  leaveOut,
  noSignals,
  testUnless,
} from "../harness/left_out.ts";
import { runnable, runScript } from "../harness/run_script.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { runtime } from "../harness/runtime.ts";
import { LISTENING } from "../harness/servers/app.ts";
import { test } from "../harness/test.ts";

/** The whole proof is 10 rounds of 2,000 requests; a run of the tests takes a smaller sample. */
const ROUNDS = Number(process.env["POSTLUDE_ROUNDS"] ?? (all ? 2 : 1));
const REQUESTS = Number(process.env["POSTLUDE_REQUESTS"] ?? 300);
/** The longest timeout there is, and longer than a test may take: what waits for it fails. */
const LONG = "2147483647";
/** Longer than a busy machine takes for what does not wait. */
const ENOUGH = "30000";

const folder = mkdtempSync(`${tmpdir()}/postlude-shutdown-`);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A server that a test has started, its port, and what its tasks have written. */
interface Started {
  readonly server: RunningProcess;
  readonly port: number;
  readonly done: () => string[];
}

type Mode =
  | "own_server"
  | "srvx"
  | "default_export"
  | "deno serve --parallel"
  | "cluster";

const MODES: Record<typeof runtime, readonly Mode[]> = {
  deno: ["own_server", "srvx", "default_export", "deno serve --parallel"],
  bun: ["own_server", "srvx", "default_export"],
  node: ["own_server", "srvx", "cluster"],
  workerd: [], // which has no signals
};

if (noSignals !== undefined) {
  leaveOut("drainOnShutdown() with a server, every case", noSignals);
}

let count = 0;

/** Starts a server of `tests/apps/shutdown`, and waits until it takes connections. */
async function start(
  mode: Mode,
  timeout = LONG,
  variables: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const log = `${folder}/${++count}.log`;
  const env = {
    LOG: log,
    RELEASES: folder,
    TIMEOUT: timeout,
    PORT: String(await freePort()),
    DENO_JOBS: "2",
    ...(mode === "srvx" ? { SRVX: "yes" } : {}),
    ...variables,
  };
  const server = new RunningProcess(await command(mode, env.PORT), env);
  const port = fileOf(mode) === "own_server"
    ? Number((await server.line(LISTENING)).slice(LISTENING.length))
    : Number(env.PORT);
  const ended = server.exited.then(() => {
    throw new Error(`Cannot start ${mode}: ${server.stderr}`);
  });
  await Promise.race([untilOpen(port), ended]);
  if (mode === "deno serve --parallel") {
    await server.line(() => server.lines.filter(isUp).length === 2);
  }
  ended.catch(() => {}); // from now on it may end
  const done = (): string[] =>
    existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  return { server, port, done };
}

/** The file of `tests/apps/shutdown`, without its extension. */
function fileOf(mode: Mode): string {
  if (mode === "srvx") return "own_server";
  return mode === "deno serve --parallel" ? "default_export" : mode;
}

function isUp(line: string): boolean {
  return line.endsWith("::up");
}

async function command(mode: Mode, port: string): Promise<string[]> {
  const name = fileOf(mode);
  const source = `tests/apps/shutdown/${name}.ts`;
  if (runtime !== "deno") return [process.execPath, await runnable(source)];
  if (name === "own_server") {
    return [process.execPath, "run", "-A", "--quiet", source];
  }
  const serve = ["serve", "-A", "--quiet", "--host", "127.0.0.1"];
  const parallel = mode === "deno serve --parallel" ? ["--parallel"] : [];
  return [process.execPath, ...serve, ...parallel, "--port", port, source];
}

function release(name: string): void {
  writeFileSync(`${folder}/${name}`, "");
}

for (const mode of MODES[runtime]) {
  for (let round = 1; round <= ROUNDS; round++) {
    test(`drainOnShutdown() loses no task of an answered request: ${mode}, round ${round}`, async () => {
      const { server, port, done } = await start(mode);
      const halfway = (): void => server.kill("SIGTERM");
      const accepted = await load(port, { requests: REQUESTS, halfway });
      assertEquals(await server.exited, { code: 0, signal: null });
      const lines = done();
      const written = new Set(lines);
      const lost = accepted.flatMap((id) =>
        ["a", "b", "c"].map((part) => `${id} ${part}`)
      ).filter((line) => !written.has(line));
      assertEquals(lost, [], server.stderr);
      assertEquals(written.size, lines.length); // nothing ran twice
      assertEquals(server.stderr, "");
      assert(accepted.length >= REQUESTS / 2);
    });
  }

  test(`drainOnShutdown() exits at the timeout and names a task that never ends: ${mode}`, async () => {
    const { server, port } = await start(mode, "200");
    assertEquals((await request(port, "/stuck")).status, 200);
    server.kill("SIGTERM");
    const { code, signal } = await server.exited;
    // the first process of a cluster ends well: its worker says what was lost
    assertEquals([code, signal], [mode === "cluster" ? 0 : 1, null]);
    assertMatch(
      server.stderr,
      /Background tasks: 3 abandoned 200 ms after the signal: "stuck" \(1 running, 0 waiting\), "next" \(0 running, 2 waiting\)/,
    );
  });

  test(`drainOnShutdown() runs the tasks that are added during the drain: ${mode}`, async () => {
    const { server, port, done } = await start(mode);
    const name = `chain-${++count}`;
    await request(port, `/chain/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGTERM");
    if (mode !== "default_export" || runtime !== "bun") {
      await untilOpen(port, false);
    }
    release(name);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} added during the drain`]);
  });
}

/** What holds where the server can be stopped: not with Bun's `export default`. */
for (const mode of MODES[runtime]) {
  if (runtime === "bun" && mode === "default_export") {
    leaveOut(
      `drainOnShutdown() lets requests in flight finish: ${mode}`,
      "nothing can stop Bun's own server",
    );
    continue;
  }

  test(`drainOnShutdown() lets a request in flight finish, and runs its tasks: ${mode}`, async () => {
    const { server, port, done } = await start(mode, ENOUGH);
    const name = `slow-${++count}`;
    using connection = await connect(port);
    const response = connection.request(`/slow/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGTERM");
    await untilOpen(port, false);
    release(name);
    assertEquals((await response.complete).status, 200);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} after a slow answer`]);
  });

  test(`drainOnShutdown() does not wait for a page of devtools() that is open: ${mode}`, async () => {
    const { server, port, done } = await start(mode, ENOUGH, { DEVTOOLS: "1" });
    const name = `chain-${++count}`;
    using connection = await connect(port);
    const stream = connection.request("/_tasks/live");
    assertEquals((await stream.head).status, 200);
    await request(port, `/chain/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGTERM");
    await untilOpen(port, false);
    release(name);
    assertMatch((await stream.complete).text, /^retry: 250\n\n/);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(server.stderr, "");
    assertEquals(done(), [`${name} added during the drain`]);
  });

  test(`drainOnShutdown() lets a large response go out to the last byte: ${mode}`, async () => {
    const { server, port, done } = await start(mode);
    const name = `large-${++count}`;
    using connection = await connect(port);
    const response = connection.request(`/large/${name}`);
    await response.head;
    connection.pause();
    server.kill("SIGTERM");
    await untilOpen(port, false);
    connection.resume();
    assertEquals((await response.complete).body.length, 32 * 1024 * 1024);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} after a large answer`]);
  });
}

if (MODES[runtime].length > 0) {
  test("drainOnShutdown() takes two signals at once for one request to stop", async () => {
    const { server, port, done } = await start("own_server");
    const name = `chain-${++count}`;
    await request(port, `/chain/${name}`);
    server.kill("SIGTERM");
    server.kill("SIGINT");
    server.kill("SIGTERM");
    await untilOpen(port, false);
    release(name);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} added during the drain`]);
  });

  test("drainOnShutdown() exits at once at a signal that comes a second later", async () => {
    const { server, port } = await start("own_server");
    await request(port, "/stuck");
    server.kill("SIGTERM");
    await server.line("a second later");
    server.kill("SIGINT");
    assertEquals(await server.exited, { code: 130, signal: null });
  });

  test("drainOnShutdown() finishes its tasks where a framework raises the signal again, a second later", async () => {
    const { server, port, done } = await start("own_server", LONG, {
      RAISES: "yes",
    });
    const name = `chain-${++count}`;
    await request(port, `/chain/${name}`);
    server.kill("SIGTERM");
    await server.line("raised");
    release(name);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} added during the drain`]);
    assertEquals(server.stderr, "");
  });

  test("drainOnShutdown() counts requests in flight into the timeout, and says that it cut them off", async () => {
    const { server, port } = await start("own_server", "200");
    using connection = await connect(port);
    connection.request("/hangs");
    await server.line("hangs");
    server.kill("SIGTERM");
    assertEquals(await server.exited, { code: 1, signal: null });
    assertMatch(
      server.stderr,
      /requests in flight were cut off 200 ms after the signal/,
    );
  });

  test("drainOnShutdown() exits soon when nothing is left, idle connections or not", async () => {
    const { server, port } = await start("own_server", ENOUGH);
    using connection = await connect(port);
    await connection.request("/ping").complete;
    server.kill("SIGTERM");
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(server.stderr, "");
  });

  test("drainOnShutdown() does not wait for a connection that sends no request, or half of one", async () => {
    const { server, port } = await start("own_server", ENOUGH);
    using _silent = await connect(port);
    using half = await connect(port);
    if (runtime !== "bun") half.send("GET /pi"); // which waits for the rest
    await request(port, "/ping"); // by then both were taken
    server.kill("SIGTERM");
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(server.stderr, "");
  });

  test("drainOnShutdown() closes no connection of a request in flight, however long that takes", async () => {
    const { server, port, done } = await start("own_server");
    const name = `slow-${++count}`;
    using _silent = await connect(port);
    using connection = await connect(port);
    const response = connection.request(`/slow/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGTERM");
    await server.line("a second later");
    release(name);
    assertEquals((await response.complete).status, 200);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} after a slow answer`]);
  });

  test("drainOnShutdown() lets a large response go out on a connection that is older than the call", async () => {
    const { server, port, done } = await start("own_server", LONG, {
      LATE: "yes",
    });
    const name = `large-${++count}`;
    using connection = await connect(port);
    await connection.request("/ping").complete;
    release("late");
    await server.line("drains on shutdown");
    const response = connection.request(`/large/${name}`);
    await response.head;
    connection.pause();
    server.kill("SIGTERM");
    await server.line("a second later");
    connection.resume();
    assertEquals((await response.complete).body.length, 32 * 1024 * 1024);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(done(), [`${name} after a large answer`]);
  });

  if (runtime === "node") {
    test("drainOnShutdown() says on each connection that is in use that its answer is the last", async () => {
      const { server, port } = await start("own_server", ENOUGH);
      const name = `slow-${++count}`;
      using connection = await connect(port);
      const slow = connection.request(`/slow/${name}`);
      await server.line(`${name} starts`);
      server.kill("SIGTERM");
      await untilOpen(port, false);
      const further = connection.request(`/slow/${name}-further`);
      await server.line(`${name}-further starts`); // else its connection may be idle before
      release(name);
      release(`${name}-further`);
      assertEquals((await slow.head).headers.get("connection"), "keep-alive");
      assertEquals((await further.head).headers.get("connection"), "close");
      assertEquals(await server.exited, { code: 0, signal: null });
    });
  }

  for (const BARE of ["listens", "exits"]) {
    test(`drainOnShutdown() without a server leaves it to a framework that ${BARE}`, async () => {
      const { server, port, done } = await start("own_server", LONG, { BARE });
      const name = `slow-${++count}`;
      using connection = await connect(port);
      const response = connection.request(`/slow/${name}`);
      await server.line(`${name} starts`);
      using other = await connect(port);
      const raw = other.request(`/raw/${name}-raw`);
      await server.line(`${name}-raw starts`);
      server.kill("SIGTERM");
      await untilOpen(port, false);
      release(name);
      assertEquals((await response.complete).text, "accepted");
      release(`${name}-raw`);
      assertEquals((await raw.complete).text, "raw");
      const { code } = await server.exited;
      if (BARE === "exits" && code === 1) { // the framework did not wait for the task
        assertMatch(server.stderr, /1 abandoned at the exit: "append"/);
      } else {
        assertEquals([code, server.stderr], [0, ""]);
        assertEquals(done(), [`${name} after a slow answer`]);
      }
    });
  }

  test("drainOnShutdown() without a server lets a framework answer requests that no front door has", async () => {
    const { server, port } = await start("own_server", LONG, { BARE: "exits" });
    const name = `raw-${++count}`;
    using connection = await connect(port);
    const response = connection.request(`/raw/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGTERM");
    await untilOpen(port, false);
    release(name);
    assertEquals((await response.complete).text, "raw");
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals(server.stderr, "");
  });

  test("drainOnShutdown() names what a framework cuts off that exits before", async () => {
    const { server, port } = await start("own_server", LONG, { BARE: "exits" });
    await request(port, "/stuck");
    server.kill("SIGTERM");
    assertEquals(await server.exited, { code: 1, signal: null });
    assertMatch(
      server.stderr,
      /^Background tasks: 3 abandoned at the exit: "stuck" \(\d running, \d waiting\), "next" \(0 running, 2 waiting\)\n$/,
    );
  });

  for (const [how, code] of [["exits", 3], ["crashes", 1]] as const) {
    if (how === "crashes" && runtime === "deno") {
      leaveOut("a crash", "Deno has no exit event where an error is unhandled");
      continue;
    }
    test(`drainOnShutdown() names what is lost where the process ${how} without a signal`, async () => {
      const { server, port } = await start("own_server");
      await request(port, "/stuck");
      await request(port, `/ends/${how}`);
      assertEquals(await server.exited, { code, signal: null });
      assertMatch(
        server.stderr,
        /^Background tasks: 3 abandoned at the exit: "stuck" \(1 running, 0 waiting\), "next" \(0 running, 2 waiting\)$/m,
      );
    });
  }

  test("drainOnShutdown() without a server exits at its timeout, and says that requests were cut off", async () => {
    for (const BARE of ["alone", "listens"]) {
      const { server, port } = await start("own_server", "300", { BARE });
      using connection = await connect(port);
      connection.request("/hangs");
      await server.line("hangs");
      server.kill("SIGTERM");
      assertEquals(await server.exited, { code: 1, signal: null });
      assertMatch(
        server.stderr,
        /requests in flight were cut off 300 ms after/,
      );
    }
  });

  if (runtime !== "deno") { // which goes on accepting until the timeout
    test("drainOnShutdown() alone, without a server, lets requests finish that a door has open, and their tasks", async () => {
      const BARE = "alone";
      const { server, port, done } = await start("own_server", LONG, { BARE });
      const name = `slow-${++count}`;
      using connection = await connect(port);
      const slow = connection.request(`/slow/${name}`);
      using other = await connect(port);
      const late = other.request(`/late/${name}-late`);
      await server.line(`${name} starts`);
      await server.line(`${name}-late starts`);
      server.kill("SIGTERM");
      while ((await request(port, "/ending")).text !== "true"); // it is heard a moment later
      release(name);
      assertEquals((await slow.complete).text, "accepted");
      release(`${name}-late`); // its response has no task
      assertEquals((await late.complete).body.length, 32 * 1024 * 1024);
      assertEquals(await server.exited, { code: 0, signal: null });
      assertEquals(server.stderr, "");
      assertEquals(done(), [`${name} after a slow answer`]);
    });
  }

  for (const mode of MODES[runtime].slice(0, 3)) {
    if (runtime === "bun" && mode === "default_export") continue;
    test(`drainOnShutdown() lets an upload come in, or says that the runtime has cut it off: ${mode}`, async () => {
      const { server, port, done } = await start(mode);
      const name = `upload-${++count}`;
      using connection = await connect(port);
      connection.send(
        `POST /upload/${name} HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nhalf`,
      );
      await server.line(`${name} starts`);
      server.kill("SIGTERM");
      await untilOpen(port, false);
      connection.send("half");
      const { code } = await server.exited;
      if (runtime === "deno") { // denoland/deno#36809
        assertEquals([code, done()], [1, []]);
        assertMatch(
          server.stderr,
          /Background tasks: 1 requests failed: Deno gives up uploads/,
        );
      } else assertEquals([code, done()], [0, [`${name} of 8 bytes`]]);
    });
  }

  for (const NAMES of ["1", "200000"]) {
    const title =
      `drainOnShutdown() reports 200,000 tasks at once, of ${NAMES} names, in one line that is not long`;
    testUnless(NAMES === "1" ? heavy : undefined, title, async () => {
      const app = await runScript("tests/apps/shutdown/many.ts", { NAMES });
      assertEquals(await app.exited, { code: 1, signal: null });
      assertMatch(
        app.stderr,
        /^Background tasks: 200000 abandoned 100 ms after the signal: "webhook" \(\d+ running, \d+ waiting\), .{0,1000}\n$/,
      );
    });
  }

  test("drainOnShutdown() names the task of a hook that it cuts off, and exits with 1", async () => {
    const app = await runScript("tests/apps/shutdown/hook.ts");
    assertEquals(await app.exited, { code: 1, signal: null });
    assertMatch(app.stderr, /1 abandoned 100 ms after the signal: "charge"/);
  });

  test("drainOnShutdown() exits with 1 where it cuts off what onDrain began", async () => {
    const app = await runScript("tests/apps/shutdown/last_word.ts");
    assertEquals(await app.exited, { code: 1, signal: null });
    assertEquals(app.stderr, "Background tasks: onDrain was cut off\n");
  });

  test("drainOnShutdown() refuses to listen in a worker thread, and says what to write", async () => {
    const path = await runnable(
      "tests/apps/shutdown/thread.ts",
      runtime !== "deno",
    );
    const args = runtime === "deno"
      ? ["run", "-A", "--quiet", "--no-check"]
      : [];
    const app = new RunningProcess([process.execPath, ...args, path]);
    assertEquals(await app.exited, { code: 0, signal: null });
    assertEquals(app.lines.length, runtime === "node" ? 1 : 2);
    for (const line of app.lines) {
      assertMatch(
        line,
        /^TypeError: Cannot drain on shutdown in a worker thread: .* write drainOnShutdown\(\{ server: stop \}\) there/,
      );
    }
  });

  test("drainOnShutdown() waits for the tasks of another copy of the package", async () => {
    const COPY = await runnable("mod.ts", true);
    const app = await runScript("tests/apps/shutdown/copies.ts", { COPY });
    assertEquals(await app.exited, { code: 0, signal: null });
    assertEquals(app.lines, ["the task of the other copy has ended"]);
  });

  test("drainOnShutdown() exits when all that was written has left", async () => {
    const app = await runScript("tests/apps/shutdown/wordy.ts");
    assertEquals(await app.exited, { code: 0, signal: null });
    assertEquals(app.lines[0]?.length, 1_000_000);
    assertEquals(app.stderr.length, 1_000_001);
  });

  test("SIGKILL loses what waits or runs, and nothing that has ended", async () => {
    const { server, port, done } = await start("own_server");
    const ids = Array.from({ length: 20 }, (_, index) => `before-${index}`);
    const options = { method: "POST", body: "" };
    for (const id of ids) await request(port, `/work/${id}`, options);
    const all = ids.flatMap((id) => ["a", "b", "c"].map((p) => `${id} ${p}`));
    while (done().length < all.length) await request(port, "/ping");
    const name = `chain-${++count}`;
    await request(port, `/chain/${name}`);
    await server.line(`${name} starts`);
    server.kill("SIGKILL");
    assertEquals(await server.exited, { code: null, signal: "SIGKILL" });
    release(name);
    assertEquals(done().sort(), all.sort());
  });
}
