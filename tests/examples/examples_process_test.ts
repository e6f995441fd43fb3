import { assert, assertEquals } from "@std/assert";
import { exampleCommand } from "../harness/example_command.ts";
import { request } from "../harness/http_client.ts";
import { freePort, untilOpen } from "../harness/ports.ts";
import { RunningProcess } from "../harness/running_process.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

const post = (body: string) => ({ method: "POST", body });

test("examples/concurrent.ts: the tasks of a group run at once, and the next step waits for all", async () => {
  await using server = await serve("examples/concurrent.ts");
  const { status, text } = await request(server.port, "/orders/42", post(""));
  assertEquals([status, text], [200, '{"status":"ok"}']);
  await server.line("is done");
  const names = [
    "mail to ada@example.com",
    "webhook for 42",
    "cache of orders",
  ];
  assertEquals(server.lines.slice(0, 3), names.map((name) => `${name} starts`));
  assertEquals(
    server.lines.slice(3, 6).sort(),
    names.map((name) => `${name} ends`).sort(),
  );
  assertEquals(server.lines.slice(6), ["order 42 is done"]);
});

test("examples/plain_fetch.ts: a task that fails is tried again", async () => {
  await using server = await serve("examples/plain_fetch.ts");
  assertEquals((await request(server.port, "/")).status, 405);
  const { status, text } = await request(server.port, "/", post('{"id":"42"}'));
  assertEquals([status, text], [200, '{"status":"ok"}']);
  await server.line("receipt");
  assertEquals(server.lines, ["receipt for order 42, attempt 2"]);
});

test("examples/save_first.ts: a task loads what is there when it runs", async () => {
  await using server = await serve("examples/save_first.ts");
  const order = '{"id":"42","email":"ada@example.com"}';
  const { status } = await request(server.port, "/orders", post(order));
  assertEquals(status, 201);
  await server.line("receipt");
  await request(server.port, "/orders/42", { method: "DELETE" });
  await server.line("gone");
  const lines = server.lines.filter((line) => !line.includes("kept alive by"));
  assertEquals(lines, [
    "receipt for order 42 to ada@example.com",
    "order 42 is gone",
  ]);
  assertEquals(server.stderr, ""); // strict mode has nothing to say
});

if (runtime === "node" || runtime === "workerd") {
  leaveOut(
    "examples/ start with the command that serves them",
    "no command there serves a default export",
  );
} else {
  for (const name of ["concurrent", "plain_fetch", "save_first"]) {
    test(`examples/${name}.ts starts with the command that serves it`, async () => {
      const path = `examples/${name}.ts`;
      const port = await freePort();
      const command = await exampleCommand(path, port);
      await using server = new RunningProcess(command, { PORT: String(port) });
      await untilOpen(port);
      const { status } = await request(port, "/orders/1");
      assert(status === 404 || status === 405, server.stderr); // the app itself answers
    });
  }
}
