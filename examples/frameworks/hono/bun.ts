// PORT=8000 bun examples/frameworks/hono/bun.ts
import { drainOnShutdown } from "@postlude/background-tasks";
import { port } from "../work.ts";
import app from "./app.ts";

/** The members of Bun that are used here. */
declare const Bun: { serve(options: object): { stop(): Promise<void> } };

drainOnShutdown({ server: Bun.serve({ port, fetch: app.fetch }) });
