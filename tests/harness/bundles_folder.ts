import process from "node:process";

/** The temporary folder of this test run; modules in it find the packages of the project. */
export function bundlesFolder(): string {
  const folder = process.env["POSTLUDE_BUNDLES"];
  if (folder === undefined) {
    throw new Error("Cannot bundle: run the tests with `deno task test`");
  }
  return folder;
}
