import { check } from "../examples/frameworks/checks.ts";
import { BuiltApp } from "../examples/frameworks/built_app.ts";
import { http1 } from "../examples/frameworks/client.ts";
import { Stage } from "../examples/frameworks/stage.ts";
import { checkRow, rowOf } from "../examples/frameworks/table.ts";
import { testUnless } from "../harness/left_out.ts";
import { noRegistry, tarball } from "../harness/npm_package.ts";
import { freePort, untilOpen } from "../harness/ports.ts";

/** Each installs and builds for up to a minute: by `--all` alone. */
const BUILT: Readonly<Record<string, { name: string; platform?: string }>> = {
  astro: { name: "Astro 7, own server" },
  next: { name: "Next 16" },
  nitro: { name: "Nitro 3" },
  react_router: { name: "React Router 8, serve" },
  sveltekit: { name: "SvelteKit 3, adapter-node" },
  tanstack_start: { name: "TanStack Start, srvx", platform: "srvx" },
};

for (const [folder, { name, platform }] of Object.entries(BUILT)) {
  // a test has a time limit, and a framework that is built has none
  const built = noRegistry === undefined
    ? await BuiltApp.create(folder, tarball)
    : undefined;
  const title =
    `examples/frameworks: ${name} has the row of docs/frameworks.md`;
  testUnless(noRegistry, title, async () => {
    await using app = built!;
    await using stage = await Stage.create();
    const port = await freePort();
    const env = { ...stage.env, PORT: String(port) };
    await using server = app.start(env);
    await Promise.race([untilOpen(port), server.exited]);
    const ask = (page: string) => ({ path: `/${page}` });
    const cells = await check({
      ...{ app: server, ask, client: http1, platform, port, stage },
    });
    checkRow(rowOf(name, ["node"], cells), server.stderr);
  }, 60_000);
}
