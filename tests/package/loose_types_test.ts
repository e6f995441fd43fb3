import { assertEquals } from "@std/assert";
import { run } from "../../tools/command.ts";
import { temporaryFolder } from "../../tools/temporary_folder.ts";
import { test } from "../harness/test.ts";

test("mod.ts compiles for an app that names it in an import map, with Deno's own options", async () => {
  await using folder = await temporaryFolder();
  const config = `${folder.path}/deno.json`;
  await Deno.writeTextFile(config, "{}");
  const check = ["check", "--config", config, "mod.ts"];
  const { code, output } = await run([Deno.execPath(), ...check]);
  assertEquals(code, 0, output);
});
