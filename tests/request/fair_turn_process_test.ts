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
    // how many of them the other client needs to come is up to the machine: all take eight minutes
    assert(ran < 50_000, `${ran} of 50,000 tasks have run before the answer`);
  },
);
