import { readFileSync } from "node:fs";
import { root } from "../../../tools/project.ts";

/** The headings of `docs/frameworks.md` whose recipes lie in a folder of `examples/frameworks/`. */
const HEADINGS: Readonly<Record<string, string>> = {
  astro: "Astro",
  nest: "NestJS",
  next: "Next.js",
  nitro: "Nitro",
  nuxt: "Nuxt",
  react_router: "React Router",
  sveltekit: "SvelteKit",
  sveltekit_cloudflare: "SvelteKit on Cloudflare",
  tanstack_start: "TanStack Start",
};

/**
 * The files that `docs/frameworks.md` tells a user of a framework to write: each begins with a comment
 * that is its path.
 *
 * @param folder The folder of the framework.
 * @returns Their paths and their text, without that comment.
 */
export function recipeFiles(folder: string): Map<string, string> {
  const heading = HEADINGS[folder];
  const page = readFileSync(new URL("docs/frameworks.md", root), "utf8");
  const section = page.split(/^##+ /m)
    .find((section) => section.startsWith(`${heading}\n`)) ?? "";
  const files = new Map<string, string>();
  for (
    const [, code = ""] of section.matchAll(/^```tsx?\b.*\n([^]*?)^```$/gm)
  ) {
    for (const [, path = "", text = ""] of code.matchAll(FILE)) {
      files.set(path, `${text.trim()}\n`);
    }
  }
  return files;
}

const FILE =
  /^\/\/ (\S+\.(?:mjs|tsx?))\n([^]*?)(?=^\/\/ \S+\.(?:mjs|tsx?)\n|(?![^]))/gm;
