// PORT=8000 node examples/frameworks/hono/node.ts
import { serve } from "@hono/node-server";
import { drainOnShutdown } from "@postlude/background-tasks";
import { port } from "../work.ts";
import app from "./app.ts";

drainOnShutdown({ server: serve({ port, fetch: app.fetch }) });
