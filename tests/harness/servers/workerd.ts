/**
 * Serves an app on workerd: `deno run -A tests/harness/servers/workerd.ts <app> <env as JSON>`.
 *
 * @module
 */
import { once } from "node:events";
import process from "node:process";
import { bundle } from "../../../tools/bundle.ts";
import { bundlesFolder } from "../bundles_folder.ts";
import { startWorkerd } from "../../../tools/workerd.ts";
import { listening } from "./app.ts";

const [app = "", env = "{}"] = process.argv.slice(2);
const folder = bundlesFolder();
const name = `app_${process.pid}`;
await bundle({ files: { [name]: app }, folder, target: "workerd" });

const bindings: Record<string, string> = JSON.parse(env);
await using workerd = await startWorkerd(`${folder}/${name}.mjs`, {
  env: bindings,
  flags: bindings["COMPATIBILITY_FLAGS"]?.split(" ") ?? [],
  onOutput(stdout, stderr): void {
    stdout.pipe(process.stdout);
    stderr.pipe(process.stderr);
  },
});
listening(workerd.url.port);

// workerd is a process of its own: it must end when told to, and also when the test process is gone.
process.stdin.resume();
await Promise.race([once(process, "SIGTERM"), once(process.stdin, "end")]);
