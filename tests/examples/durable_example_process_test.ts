import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { assertEquals, assertMatch } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { freePort } from "../harness/ports.ts";
import { runScript } from "../harness/run_script.ts";
import { leaveOut, noBullMQ } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

if (runtime !== "deno") {
  leaveOut(
    "examples/durable: the worker with threads",
    "only Deno finds this package inside a thread",
  );
}
if (noBullMQ !== undefined) leaveOut("examples/durable, every case", noBullMQ);
else {
  test("examples/durable: the mail goes out from the worker, on an engine that npm installs", async () => {
    const folder = await mkdtemp(`${tmpdir()}/postlude-example-`);
    await chmod(folder, 0o755); // Postgres runs as another user
    const port = await freePort();
    const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`;
    const env = { DATABASE_URL: url, PORT: String(port), DATA: `${folder}/db` };
    const engine = await runScript("examples/durable/engine.ts", env);
    try {
      await engine.line("Postgres listens on port");
      await using worker = await runScript("examples/durable/worker.ts", env);
      await worker.line("The worker waits");
      await using api = await serve("examples/durable/api.ts", { env });
      const post = { method: "POST", body: '{"email":"ada@example.com"}' };
      for (let time = 0; time < 2; time++) {
        const { status, text } = await request(api.port, "/signup", post);
        assertEquals([status, text], [200, '{"status":"ok"}']);
      }
      const mail = await worker.line("mail to");
      assertMatch(
        mail,
        /^mail to ada@example.com: Welcome! \(attempt 2, \S+\)$/,
      );
      if (runtime !== "deno") return; // which alone finds this package inside a thread
      await using threads = await runScript(
        "examples/durable/cpu_worker.ts",
        env,
      );
      await threads.line("tasks that burn CPU");
    } finally {
      process.kill(engine.pid, "SIGINT");
      await engine.exited;
      await rm(folder, { recursive: true, force: true });
    }
  });
}
