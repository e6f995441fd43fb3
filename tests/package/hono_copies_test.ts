import { assertEquals } from "@std/assert";
import { readDenoConfig } from "../../tools/project.ts";
import { testUnless } from "../harness/left_out.ts";
import { noRegistry, tarball } from "../harness/npm_package.ts";
import {
  COMPILER,
  NEWEST_HONO,
  NpmProject,
  RAN,
} from "../harness/npm_project.ts";

/** The oldest Hono that deno.json admits. */
const OLDEST = /\d.*/.exec(readDenoConfig().imports["hono"] ?? "")?.[0];

for (const version of [OLDEST, NEWEST_HONO]) {
  const name =
    `backgroundTasks() and devtools() accept Hono ${version}, and a copy of another name`;
  const body = (): Promise<void> => acceptHono(`hono@${version}`);
  testUnless(noRegistry, name, body, 600_000);
}

async function acceptHono(hono: string): Promise<void> {
  await using project = await NpmProject.create();
  const copy = `hono-copy@npm:hono@${NEWEST_HONO}`;
  await project.install(tarball, hono, copy, ...COMPILER);
  for (const file of ["app.ts", "devtools.ts"]) {
    const text = await project.read(file);
    const copied = text.replace('"hono"', '"hono-copy"');
    await project.write(`copy_${file}`, copied.replace("./app", "./copy_app"));
  }
  await project.compile("*devtools.ts", "--skipLibCheck"); // an old Hono has errors of its own

  const own = await project.runApp("node", "out/devtools.js");
  assertEquals(own, [...RAN, "200 true", "200 true"]);
  const another = await project.runApp("node", "out/copy_devtools.js");
  assertEquals(another, [...RAN, "200 true", "404 false"]); // mounted, and not a Hono that it could route
}
