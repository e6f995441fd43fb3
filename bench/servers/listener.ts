/**
 * Serves an app of Express, bundled or not, with Node's own server: `listener.ts <app>`.
 *
 * @module
 */
import { createServer, type RequestListener } from "node:http";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { endWithParent, listening } from "../../tests/harness/servers/app.ts";

endWithParent();
const app: { default: RequestListener } = await import(
  pathToFileURL(process.argv[2] ?? "").href
);
const server = createServer(app.default).listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) listening(address.port);
});
