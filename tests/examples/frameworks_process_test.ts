import { freePort, untilOpen } from "../harness/ports.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runScript } from "../harness/run_script.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { check } from "./frameworks/checks.ts";
import { http1 } from "./frameworks/client.ts";
import { type Recipe, RECIPES } from "./frameworks/recipes.ts";
import { Stage } from "./frameworks/stage.ts";
import { checkRow, rowOf } from "./frameworks/table.ts";

for (const recipe of RECIPES) {
  const file = recipe.files[runtime];
  if (file === undefined) {
    leaveOut(`examples/frameworks: ${recipe.name}`, `not on ${runtime}`);
  } else testRecipe(recipe, file);
}

function testRecipe(recipe: Recipe, file: string): void {
  const { ask, client = http1, files, name, platform } = recipe;
  test(`examples/frameworks: ${name} has the row of docs/frameworks.md`, async () => {
    await using stage = await Stage.create();
    const port = await freePort();
    const env = { ...stage.env, PORT: String(port) };
    await using app = await runScript(`examples/frameworks/${file}.ts`, env);
    await Promise.race([untilOpen(port), app.exited]);
    const cells = await check({ app, ask, client, platform, port, stage });
    const row = rowOf(name, Object.keys(files), cells);
    checkRow(row, app.stderr);
  });
}
