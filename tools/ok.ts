/**
 * Checks everything that CI checks, the tests at last: `deno task ok [--skip-tests] [--all]`. Each
 * check says what it found, and how to mend what is wrong.
 *
 * @module
 */
import { checksOf, finding } from "./checks.ts";
import { run } from "./command.ts";
import { root } from "./project.ts";
import { findStdAssert } from "./std_assert.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { seconds } from "./test_summary.ts";

let failed = 0;
await using folder = await temporaryFolder();
const { denoArguments } = await findStdAssert(folder.path);
const checks = await checksOf(folder.path, denoArguments);
for (const check of checks) {
  const start = performance.now();
  const { code, output } = await run([Deno.execPath(), ...check.args]);
  const time = `(${seconds(performance.now() - start)} s)`;
  if (code === 0) {
    console.log(`${check.name}: ok, ${finding(check, output)} ${time}`);
    continue;
  }
  failed++;
  console.log(`${output}\n${check.name}: FAILED ${time}`);
  console.log(`  to mend it: ${check.mend}`);
}
console.log(`checks: ${checks.length - failed} passed, ${failed} failed`);

if (!Deno.args.includes("--skip-tests")) {
  const all = Deno.args.includes("--all") ? ["--all"] : [];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "test", ...all],
    cwd: root,
  });
  const { success } = await command.spawn().status;
  if (!success) failed++;
}
Deno.exitCode = failed === 0 ? 0 : 1;
