import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import { run } from "../../tools/command.ts";
import { readDenoConfig, root } from "../../tools/project.ts";
import { startWorkerd } from "../../tools/workerd.ts";
import { testUnless } from "../harness/left_out.ts";
import { noRegistry, tarball } from "../harness/npm_package.ts";
import {
  COMPILER,
  NEWEST_HONO,
  NpmProject,
  RAN,
} from "../harness/npm_project.ts";
import { NEWEST_NODE, WRANGLER } from "../harness/npx.ts";
import type { TestBody } from "../harness/test.ts";

const { name } = readDenoConfig();
const HONO = `hono@${NEWEST_HONO}`;
const PEERS = [
  "@opentelemetry/api@1.9.1",
  "bullmq@6.7.0",
  "ioredis@6.0.0",
  "pg@8.23.1",
];

if (noRegistry === undefined) { // what is large is fetched here, since a test has a time limit
  await run(["npx", "-y", NEWEST_NODE, "--version"]);
  await run(["npx", ...WRANGLER, "--version"]);
}

testInstalled("The npm package is what publint asks for", async () => {
  const { code, output } = await run(
    ["npx", "-y", "publint@0.3.25", "--strict", tarball],
  );
  assertEquals(code, 0, output);
});

testInstalled(
  "The npm package has types for every way to import it",
  async () => {
    const { code, output } = await run([
      ...["npx", "-y", "@arethetypeswrong/cli@0.18.5"],
      ...["--profile", "esm-only", tarball],
    ]);
    assertEquals(code, 0, output);
  },
);

testInstalled(
  "The npm package keeps a bare import of ./context, whoever bundles it",
  async () => {
    await using project = await NpmProject.create();
    await project.install(tarball);
    await project.write("bare.js", `import "${name}/context";`);
    const { outputFiles: [bundle] } = await build({
      bundle: true,
      entryPoints: ["bare.js"],
      absWorkingDir: project.path,
      format: "esm",
      platform: "node",
      write: false,
    });
    await stop();
    assertEquals(bundle?.text.includes("new AsyncLocalStorage()"), true);
  },
);

testInstalled("The npm package brings no other, and runs on Bun", async () => {
  await using project = await NpmProject.create();
  const bun = fileURLToPath(new URL("node_modules/.bin/bun", root));
  await project.run(bun, "add", tarball, HONO);
  assertEquals(await project.installed(), ["@postlude", "hono"]);
  assertEquals(await project.runApp(bun, "server.ts"), ["ok", ...RAN]);
});

testInstalled(
  "The npm package type-checks with all it may use, and runs on Node 20 and the newest",
  async () => {
    await using project = await NpmProject.create();
    const server = "@hono/node-server@2.1.8";
    await project.install(tarball, HONO, server, ...COMPILER, ...PEERS);
    await project.compile("*.ts");
    for (const node of [["node"], ["npx", "-y", NEWEST_NODE]]) {
      const served = await project.runApp(...node, "out/server.js");
      assertEquals(served, ["ok", ...RAN], node.join(" "));
      const entries = await project.runApp(...node, "out/entries.js");
      const names = ["BullMQ on Redis", "cloudflareQueue", "otelObserver"];
      assertEquals(entries, ["ada@example.com", ...names], node.join(" "));
    }
  },
);

testInstalled(
  "The npm package type-checks with TypeScript 5.4, the oldest it takes",
  async () => {
    await using project = await NpmProject.create();
    await project.install(tarball, HONO, "typescript@5.4", "@types/node@22");
    await project.write(
      "wrong.ts",
      `import { BackgroundTasks } from "${name}";
import { assertTaskAdded, type TestClient } from "${name}/testing";

const sendEmail = (to: string) => void to;
// @ts-expect-error no string
new BackgroundTasks().addTask(sendEmail, 42);
export const wrong = (client: TestClient) => {
  // @ts-expect-error no string
  assertTaskAdded(client, sendEmail, [42]);
  // @ts-expect-error no body, also where no lib "dom" says what one is
  return client.post("/", { body: 42 });
};
`,
    );
    await project.run(
      ...["npx", "tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes"],
      ...["--skipLibCheck", "--target", "es2022", "--module", "node16"],
      ...["--lib", "es2022", "--types", "node"],
      ...["app.ts", "wrong.ts"],
    );
  },
);

testInstalled(
  "The npm package runs on Workers, as wrangler builds them",
  async () => {
    await using project = await NpmProject.create();
    await project.install(tarball, HONO);
    await project.write(
      "wrangler.jsonc",
      '{ "name": "app", "main": "app.ts", "compatibility_date": "2026-07-30" }',
    );
    const deploy = ["deploy", "--dry-run", "--outdir", "out"];
    await project.run("npx", ...WRANGLER, ...deploy);
    await using workerd = await startWorkerd(`${project.path}/out/app.js`, {
      env: {},
      onOutput: (...streams) => streams.forEach((stream) => stream.resume()),
    });
    const signup = new URL("signup", workerd.url);
    const response = await fetch(signup, { method: "POST" });
    assertEquals(await response.text(), "ok");
    const events: unknown[] = [];
    while (events.length < RAN.length) {
      const response = await fetch(new URL("events", workerd.url));
      events.splice(0, events.length, ...await response.json());
    }
    assertEquals(events, [...RAN]);
  },
);

function testInstalled(name: string, body: TestBody): void {
  testUnless(noRegistry, name, body, 600_000);
}
