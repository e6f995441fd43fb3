/**
 * Checks the imports of the sources: `deno run -A tools/import_graph.ts`. They run down, from the names
 * to the ground, and in no circle, types included.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./project.ts";

/** The rooms of `src/`, the ground first: a room imports from itself and from those before it. */
const ROOMS: readonly string[] = [
  "check",
  "task",
  "response_end",
  "wait_until",
  "runner",
  "shutdown",
  "queues",
  "request",
  "doors", // the files of src/ itself
  "entries", // one folder for each optional entry
  "mod.ts",
];

/** What is wrong with the imports, and how many floors they make. */
interface ImportGraph {
  /** Files that import each other in a circle, each circle once. */
  readonly circles: readonly (readonly string[])[];
  /** Imports from a room further up. */
  readonly climbs: readonly string[];
  /** The longest way down, in files. */
  readonly floors: number;
  /** How many files there are. */
  readonly files: number;
}

if (import.meta.main) {
  const { circles, climbs, files, floors } = await importGraph();
  for (const circle of circles) console.log(`a circle: ${circle.join(", ")}`);
  for (const climb of climbs) console.log(`an import that climbs: ${climb}`);
  console.log(
    `${files} files on ${floors} floors, ${circles.length} circles, ${climbs.length} imports that climb`,
  );
  Deno.exitCode = circles.length + climbs.length === 0 ? 0 : 1;
}

/** Reads the imports of every source file. */
async function importGraph(): Promise<ImportGraph> {
  const imports = await importsOfAll();
  const groups = strongComponents(imports);
  const circles = groups.filter(({ length }) => length > 1);
  const climbs = [...imports].flatMap(([file, targets]) =>
    targets.filter((target) => floorOf(target) > floorOf(file))
      .map((target) => `${file} imports ${target}`)
  );
  return {
    circles,
    climbs,
    floors: longestWay(imports, groups),
    files: imports.size,
  };
}

function floorOf(file: string): number {
  return ROOMS.indexOf(roomOf(file));
}

/**
 * The room of a source file.
 *
 * @param file Its path from the root of the project.
 */
function roomOf(file: string): string {
  const [, room = "", below] = file.split("/");
  if (file === "mod.ts") return "mod.ts";
  if (below === undefined) return "doors";
  return ROOMS.includes(room) ? room : "entries";
}

async function importsOfAll(): Promise<Map<string, string[]>> {
  const folder = fileURLToPath(root);
  const inside = await readdir(`${folder}src`, { recursive: true });
  const files = inside.filter((file) => /\.tsx?$/.test(file))
    .map((file) => `src/${file}`);
  const imports = new Map<string, string[]>();
  for (const file of [...files, "mod.ts"].sort()) {
    const text = await readFile(`${folder}${file}`, "utf8");
    const code = text.replace(/^ \*.*$/gm, ""); // examples in the docs import too
    const targets = [
      ...code.matchAll(/^(?:\} from|import|export)[^"\n]*"(\.[^"]+)"/gm),
    ]
      .map(([, target = ""]) =>
        relative(folder, resolve(folder, dirname(file), target))
      );
    imports.set(file, [...new Set(targets)]);
  }
  return imports;
}

/** Tarjan's algorithm: files that reach each other, those that are imported first. */
function strongComponents(imports: ReadonlyMap<string, string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  function visit(file: string): void {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) {
        visit(target);
        low.set(file, Math.min(low.get(file)!, low.get(target)!));
      } else if (stack.includes(target)) {
        low.set(file, Math.min(low.get(file)!, order.get(target)!));
      }
    }
    if (low.get(file) !== order.get(file)) return;
    groups.push(stack.splice(stack.indexOf(file)));
  }
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return groups;
}

function longestWay(
  imports: ReadonlyMap<string, string[]>,
  groups: readonly string[][],
): number {
  const floors = new Map<string, number>();
  for (const group of groups) {
    const below = group.flatMap((file) => imports.get(file) ?? [])
      .filter((target) => !group.includes(target))
      .map((target) => floors.get(target) ?? 0);
    for (const file of group) floors.set(file, Math.max(0, ...below) + 1);
  }
  return Math.max(...floors.values());
}
