// Vite reads no deno.json: this lets it find the package by name inside its own repository.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** The public specifiers of this package, as aliases for Vite. */
export function packageAliases(): { find: RegExp; replacement: string }[] {
  const { name, exports }: { name: string; exports: Record<string, string> } =
    JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  return Object.entries(exports).map(([entry, file]) => ({
    find: new RegExp(`^${name}${entry.slice(1)}$`),
    replacement: fileURLToPath(new URL(file, root)),
  }));
}
