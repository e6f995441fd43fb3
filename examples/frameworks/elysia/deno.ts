// PORT=8000 deno run -A examples/frameworks/elysia/deno.ts
import { drainOnShutdown } from "@postlude/background-tasks";
import { port } from "../work.ts";
import app from "./app.ts";

drainOnShutdown({ server: Deno.serve({ port }, app.fetch) });
