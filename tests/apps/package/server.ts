/** Serves the app, sends it a request, and prints what came back and what ran. */
import { drain } from "@postlude/background-tasks";
import app from "./app.ts";

declare const Bun: {
  serve(
    options: { fetch: typeof app.fetch; port: number },
  ): { port: number; stop(): Promise<void> };
};

if ("Bun" in globalThis) {
  const server = Bun.serve({ fetch: app.fetch, port: 0 });
  await visit(server.port);
  await server.stop();
} else {
  const { serve } = await import("@hono/node-server");
  const server = serve({ fetch: app.fetch, port: 0 }, async ({ port }) => {
    await visit(port);
    server.close();
  });
}

async function visit(port: number): Promise<void> {
  const url = `http://localhost:${port}`;
  const response = await fetch(`${url}/signup`, { method: "POST" });
  const text = await response.text();
  await drain();
  const events = await (await fetch(`${url}/events`)).json();
  console.log(JSON.stringify([text, ...events]));
}
