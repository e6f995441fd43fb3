/**
 * Serves an app on workerd: `deno run -A tests/harness/servers/workerd.ts <app> <env as JSON>`.
 *
 * @module
 */
import { once } from "node:events";
import process from "node:process";
import { bundleOnce } from "../bundle_once.ts";
import { startWorkerd } from "../../../tools/workerd.ts";
import { listening } from "./app.ts";

const [app = "", env = "{}"] = process.argv.slice(2);
const bindings: Record<string, string> = JSON.parse(env);
const workerd = await startWorkerd(await bundleOnce(app, "workerd"), {
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
await workerd[Symbol.asyncDispose]();
process.exit(); // what Miniflare's connections keep alive would take three seconds to end
