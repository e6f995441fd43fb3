/**
 * Teaches Bun the names that deno.json defines and node_modules does not hold.
 *
 * @module
 */
import { packageEntries } from "./project.ts";
import { stdAssertPath } from "./std_assert.ts";

/** The few members of Bun that this file touches. */
declare const Bun: {
  plugin(plugin: { name: string; setup(build: BunBuild): void }): void;
};

interface BunBuild {
  module(
    specifier: string,
    load: () => Promise<{ exports: Record<string, unknown>; loader: "object" }>,
  ): void;
}

Bun.plugin({
  name: "deno.json",
  setup(build): void {
    for (
      const [specifier, path] of packageEntries().set(
        "@std/assert",
        stdAssertPath(),
      )
    ) {
      build.module(
        specifier,
        async () => ({ exports: await import(path), loader: "object" }),
      );
    }
  },
});
