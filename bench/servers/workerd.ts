/**
 * Serves a bundled app on workerd: `deno run -A workerd.ts <app.mjs>`.
 *
 * @module
 */
import { once } from "node:events";
import process from "node:process";
import { listening } from "../../tests/harness/servers/app.ts";
import { startWorkerd } from "../../tools/workerd.ts";

await using workerd = await startWorkerd(process.argv[2] ?? "", {
  env: {},
  onOutput(_stdout, stderr): void {
    stderr.pipe(process.stderr);
  },
});
listening(workerd.url.port);
process.stdin.resume();
await Promise.race([once(process, "SIGTERM"), once(process.stdin, "end")]);
