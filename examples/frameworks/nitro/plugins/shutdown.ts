import { drain, drainOnShutdown } from "@postlude/background-tasks";
import { defineNitroPlugin } from "nitro/runtime";

export default defineNitroPlugin(({ hooks }) => {
  hooks.hook("close", async () => void await drain({ timeout: 9_000 })); // Node
  if (import.meta.preset === "node-server") return;
  drainOnShutdown({ server: () => Promise.resolve() }); // Deno, Bun: Nitro stops nothing
});
