import { drain, drainOnShutdown } from "@postlude/background-tasks";
import type { NitroAppPlugin } from "nitro/types";

const shutdown: NitroAppPlugin = ({ hooks }) => {
  hooks.hook("close", async () => void await drain({ timeout: 9_000 })); // Node
  if (import.meta.dev || import.meta.preset === "node-server") return;
  drainOnShutdown({ server: () => Promise.resolve() }); // Deno, Bun: Nitro stops nothing
};

export default shutdown;
