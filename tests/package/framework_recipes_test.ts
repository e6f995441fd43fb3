import { assertEquals } from "@std/assert";
import { root } from "../../tools/project.ts";
import { recipeFiles } from "../examples/frameworks/recipe_files.ts";
import { test } from "../harness/test.ts";

const FOLDER = new URL("examples/frameworks/", root);

test("docs/frameworks.md says what the files in examples/frameworks say", async () => {
  const read: string[] = [];
  for await (const { name } of Deno.readDir(FOLDER)) {
    for (const [path, text] of recipeFiles(name)) {
      const file = new URL(`${name}/${path}`, FOLDER);
      const example = await Deno.readTextFile(file).catch(() => undefined);
      if (example === undefined) continue; // the test that builds it has it too
      read.push(`${name}/${path}`);
      assertEquals(text, example, `${name}/${path}`);
    }
  }
  assertEquals(read.length, 10, read.join());
});

test("no recipe in examples/frameworks has a cast", async () => {
  const casts: string[] = [];
  for await (const path of sources(FOLDER)) {
    const text = await Deno.readTextFile(path);
    for (const line of text.split("\n")) {
      const isComment = /^\s*(\/\/|\*)/.test(line);
      if (!isComment && CAST.test(line)) {
        casts.push(`${path.pathname}: ${line.trim()}`);
      }
    }
  }
  assertEquals(casts, []);
});

/** A type that a line asserts, but `as const`; a type that is switched off. */
const CAST =
  /[\w)\]}] as (?!const\b)|\bsatisfies\b|:\s*any\b|<any\b|@ts-|[\w)\]]!(?=[.,;)\]])/;

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = new URL(encodeURIComponent(name), folder);
    if (isDirectory) yield* sources(new URL(`${path}/`));
    else if (/\.tsx?$/.test(name)) yield path;
  }
}
