/** The app, and the page that shows its tasks: as a route of the same Hono, mounted in any other. */
import { drain } from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import { Hono } from "hono";
import app from "./app.ts";

const page = devtools({ allow: () => true });
const outer = new Hono();
outer.mount("/mounted", page.fetch);
if (page instanceof Hono) outer.route("/routed", page);

await app.request("/signup", { method: "POST" });
await drain();
const events = await (await app.request("/events")).json();
for (const path of ["/mounted", "/routed"]) {
  const response = await outer.request(path);
  const text = await response.text();
  events.push(`${response.status} ${text.includes("sendEmail")}`);
}
console.log(JSON.stringify(events));
