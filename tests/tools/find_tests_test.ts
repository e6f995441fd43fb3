import { assert, assertEquals, assertRejects } from "@std/assert";
import { findTests } from "../../tools/find_tests.ts";
import { noFiles, testUnless } from "../harness/left_out.ts";

testUnless(noFiles, "findTests() sorts what it is given by kind", async () => {
  assertEquals(
    await findTests([
      "./tests/hono_test.ts",
      "tests/package/size_test.ts",
      "tests/examples/signup_process_test.ts",
      "tests/hono_test.ts",
    ]),
    {
      unit: ["tests/hono_test.ts"],
      processes: ["tests/examples/signup_process_test.ts"],
      package: ["tests/package/size_test.ts"],
    },
  );
});

testUnless(
  noFiles,
  "findTests() takes the tests of a folder, and of tests/ by default",
  async () => {
    const { unit } = await findTests(["tests/tools/"]);
    assert(unit.includes("tests/tools/find_tests_test.ts"));
    assert(unit.every((file) => file.startsWith("tests/tools/")));
    const all = await findTests([]);
    assert(all.unit.includes("tests/tools/find_tests_test.ts"));
    assert(all.processes.includes("tests/examples/signup_process_test.ts"));
    assert(!all.unit.includes("tests/harness/test.ts"));
  },
);

testUnless(
  noFiles,
  "findTests() refuses a file that is not there",
  async () => {
    for (const path of ["tests/no_such_test.ts", "../elsewhere_test.ts"]) {
      await assertRejects(
        () => findTests([path]),
        Error,
        `Cannot test ${path}: there is no such file in this project`,
      );
    }
  },
);
