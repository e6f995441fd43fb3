import { assertEquals } from "@std/assert";
import { checksOf, finding } from "../../tools/checks.ts";
import { temporaryFolder } from "../../tools/temporary_folder.ts";
import { testUnless } from "../harness/left_out.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

test("finding() counts what a check looked at", () => {
  const found = "files are well";
  const counted = /^(?:Checked (\d+) files| {2}one)$/gm;
  assertEquals(
    finding({ counted, found }, "Checked 40 files\n  one\n  one\n"),
    "42 files are well",
  );
  assertEquals(
    finding({ found: "all is well" }, "Checked 4 files"),
    "all is well",
  );
});

const notDeno = host === "deno" ? undefined : "checks are run by Deno";
testUnless(
  notDeno,
  "checksOf() says of each check how to mend it",
  async () => {
    await using folder = await temporaryFolder();
    const checks = await checksOf(folder.path, []);
    assertEquals(checks.filter(({ mend }) => mend === ""), []);
    const names = checks.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
  },
);
