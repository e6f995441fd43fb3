// npx vitest run --config examples/testing/vitest.config.mts
import { defineConfig } from "vitest/config";
import { packageAliases } from "./aliases.mts";

export default defineConfig({
  resolve: { alias: packageAliases() }, // not needed where the package is installed
  test: { include: ["examples/testing/vitest_*test.ts"] },
});
