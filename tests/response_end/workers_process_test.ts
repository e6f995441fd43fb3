import { assertEquals } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { notOnWorkers, testUnless } from "../harness/left_out.ts";
import { serve, type Served } from "../harness/serve.ts";

let served: Promise<Served> | undefined;

for (const method of ["GET", "HEAD"]) {
  for (const body of ["short", "large", "stream"]) {
    for (const when of ["early", "late"]) {
      testUnless(
        notOnWorkers,
        `workers runs a task, added ${when}, whose ${body} body nobody reads, at ${method}`,
        async () => {
          const server = await (served ??= serve("tests/apps/dropped_body.ts"));
          const name = `${method}-${body}-${when}`;
          const path = `/${body}?task=${name}&${when}`;
          const { text } = await request(server.port, path, { method });
          assertEquals(text, method === "GET" ? "dropped" : "");
          const line = await server.line(`task ${name} `);
          assertEquals(line, `task ${name} 200 unknown`);
        },
      );
    }
  }
}
