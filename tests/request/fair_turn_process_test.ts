import { assert, assertEquals } from "@std/assert";
import { request } from "../harness/http_client.ts";
import { nothingShared, testUnless } from "../harness/left_out.ts";
import { serve } from "../harness/serve.ts";

testUnless(
  nothingShared,
  "another client is answered while the tasks of a request burn CPU, one behind the other",
  async () => {
    await using server = await serve("tests/apps/busy.ts");
    const { port } = server;
    assertEquals((await request(port, "/add")).text, "ok");
    const ran = Number((await request(port, "/ran")).text);
    assert(ran < 50, `${ran} of 100 tasks have run before the answer`);
  },
);
