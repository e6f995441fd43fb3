import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { run } from "../../tools/command.ts";
import { root } from "../../tools/project.ts";
import { test } from "../harness/test.ts";

/** The sources, and what a reader of the package needs: no test, no tool, no example. */
const WANTED =
  /^(?:mod\.ts|src\/.+\.tsx?|deno\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/.+\.(?:md|png))$/;

/** Kept in the repository: JSR leads there, once it knows it. */
const ELSEWHERE =
  /^(?:bench|examples|tests)\b|^CONTRIBUTING\.md$|^docs\/devtools-(?:dark|hostile|narrow)/;

test("The package holds the sources, and every page its README leads to", async () => {
  const published = await publishedFiles();
  assertEquals(published.filter((file) => !WANTED.test(file)), []);
  const pages = published.filter((file) => file.endsWith(".md"));
  const linked = (await Promise.all(pages.map(linksOf))).flat();
  const missing = linked.filter((file) =>
    !published.includes(file) && !ELSEWHERE.test(file)
  );
  assertEquals([linked.length > 40, missing], [true, []]);
});

test("Every link between the files of the project leads somewhere", async () => {
  const pages = await allPages();
  const linked = (await Promise.all(pages.map(linksOf))).flat();
  const dead = linked.filter((file) => !existsSync(new URL(file, root)));
  assertEquals([pages.includes("README.md"), dead], [true, []]);
});

test("Every link to a heading leads to one", async () => {
  const dead: string[] = [];
  for (const page of await allPages()) {
    const text = await textOf(page);
    for (
      const [, link = ""] of text.matchAll(/\]\((?!\w+:)([^)\s]*#[^)\s]+)/g)
    ) {
      const { hash, href } = new URL(link, new URL(page, root));
      const target = href.slice(root.href.length, -hash.length);
      if (!(await headingsOf(target)).has(hash.slice(1))) {
        dead.push(`${page}: ${link}`);
      }
    }
  }
  assertEquals(dead, []);
});

test("docs/README.md leads to every page of the docs", async () => {
  const pages = (await allPages()).filter((page) => page.startsWith("docs/"));
  const linked = ["docs/README.md", ...await linksOf("docs/README.md")];
  const missing = pages.filter((page) => !linked.includes(page));
  assertEquals([pages.length > 20, missing], [true, []]);
});

test("Every command in the project names the same Deno", async () => {
  const { output } = await run(["git", "grep", "-hoE", "deno@[0-9.]+[0-9]"]);
  const versions = output.trim().split("\n");
  assertEquals([versions.length > 5, new Set(versions).size], [true, 1]);
});

async function allPages(): Promise<string[]> {
  const { output } = await run(["git", "ls-files", "*.md", "**/*.md"]);
  return output.split("\n").filter((file) => file.endsWith(".md"));
}

/** A page without what is in its code blocks. */
async function textOf(page: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(page, root));
  return text.replace(/```.*?```/gs, "");
}

/** The headings of a page, as GitHub writes them in addresses. */
async function headingsOf(page: string): Promise<Set<string>> {
  const headings = (await textOf(page)).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-")
    ),
  );
}

async function publishedFiles(): Promise<string[]> {
  const dryRun = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { output } = await run([Deno.execPath(), ...dryRun]);
  return [...output.matchAll(/^ +(file:\S+) \(/gm)]
    .map(([, url = ""]) => url.slice(root.href.length));
}

/** The files of the project that a page links to, and shows. */
async function linksOf(page: string): Promise<string[]> {
  const url = new URL(page, root);
  const text = await textOf(page);
  return [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
    .map(([, link = ""]) => new URL(link, url).href.slice(root.href.length));
}
