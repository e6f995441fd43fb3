// npx vitest run --config examples/testing/workers.config.mts
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { packageAliases } from "./aliases.mts";

export default defineConfig({
  plugins: [
    cloudflareTest({
      miniflare: {
        compatibilityDate: "2026-07-01",
        compatibilityFlags: ["nodejs_compat"], // Vitest itself needs it
      },
    }),
  ],
  resolve: { alias: packageAliases() }, // not needed where the package is installed
  test: { include: ["examples/testing/workers_*test.ts"] },
});
