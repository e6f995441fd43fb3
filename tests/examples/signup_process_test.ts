import { assertEquals } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

test("examples/signup.ts: the answer goes before the mail", async () => {
  await using server = await serve("examples/signup.ts");
  const options = { method: "POST", body: '{"email":"ada@example.com"}' };
  const { status, text } = await request(server.port, "/signup", options);
  assertEquals([status, text], [200, '{"status":"ok"}']);
  assertEquals(mails(server.lines), []);
  await server.line("mail to");
  const events = server.lines.filter((line) => !line.startsWith("Try:"));
  assertEquals(events.map(plain), [
    "<-- POST /signup",
    "--> POST /signup 200",
    "mail to ada@example.com: Welcome!",
  ]);
});

function mails(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith("mail to"));
}

/** A log line without its colours and its duration. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replace(/\x1b\[\d+m/g, "").replace(/ \d+m?s$/, "");
}
