import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";

process.env.ASTRO_NODE_AUTOSTART = "disabled";
const { startServer } = await import("./dist/server/entry.mjs");
drainOnShutdown({ server: startServer().server.server });
