import { assertEquals } from "@std/assert";
import { run } from "../../tools/command.ts";
import { readDenoConfig, root } from "../../tools/project.ts";
import { test } from "../harness/test.ts";

/** What `deno doc` says of one name of an entry. */
interface Documented {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly def?: {
      readonly properties?: readonly { readonly name: string }[];
    };
  }[];
}

/** What an application calls or catches. */
const CALLED = ["class", "function", "variable"];

const text = await Deno.readTextFile(new URL("docs/reference.md", root));
const page = text.replace(/```.*?```/gs, "");
/** What the page writes as code, such as `retry.delay` or `drain({ timeout })`. */
const words = new Set(
  [...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) =>
    code.split(/[^\w$]+/)
  ),
);

for (const [entry, file] of Object.entries(readDenoConfig().exports)) {
  const documented = await namesOf(file);

  test(`docs/reference.md has an entry for ${entry}, and each name that is called`, () => {
    const called = documented.filter(({ declarations }) =>
      declarations.some(({ kind }) => CALLED.includes(kind))
    ).map(({ name }) => name);
    assertEquals(page.includes(`| \`${entry.replace("./", "/")}\``), true);
    assertEquals(called.filter((name) => !words.has(name)), []);
  });

  test(`docs/reference.md has every option of ${entry}`, () => {
    const options = documented.filter(({ name }) => name.endsWith("Options"))
      .flatMap(({ declarations }) => declarations)
      .flatMap(({ def }) => def?.properties ?? [])
      .map(({ name }) => name);
    assertEquals(options.filter((name) => !words.has(name)), []);
  });
}

async function namesOf(file: string): Promise<readonly Documented[]> {
  const args = ["doc", "--quiet", "--json", file];
  const { output } = await run([Deno.execPath(), ...args]);
  const nodes: Record<string, { symbols: Documented[] }> =
    JSON.parse(output).nodes;
  return Object.values(nodes)[0]!.symbols;
}
