import { drainOnShutdown } from "@postlude/background-tasks";
import { defineNitroPlugin } from "nitro/runtime";

export default defineNitroPlugin(() => {
  drainOnShutdown(); // Nitro stops by itself on Node, and not on Deno and Bun
});
