/** The types of Bun, which do not go together with those of Deno: so TypeScript itself checks them. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { run } from "../../tools/command.ts";
import { packageEntries, root } from "../../tools/project.ts";
import { temporaryFolder } from "../../tools/temporary_folder.ts";
import { leaveOut } from "../harness/left_out.ts";
import { noRegistry } from "../harness/npm_package.ts";
import { COMPILER } from "../harness/npm_project.ts";
import { test } from "../harness/test.ts";

const SERVER = `
import type { BunRequest, Server } from "bun";
import { type BackgroundTasks, getBackgroundTasks, withBackgroundTasks } from "@postlude/background-tasks";

const audit = (id: string): void => console.log(id);

Bun.serve({
  routes: {
    "/users/:id": withBackgroundTasks((request: BunRequest<"/users/:id">, tasks, server: Server<undefined>) => {
      const own: BackgroundTasks = tasks;
      own.addTask(audit, request.params.id);
      getBackgroundTasks(request).addTask(audit, request.cookies.get("session") ?? "");
      // @ts-expect-error: the path has no such parameter
      request.params.name;
      return new Response(server.requestIP(request)?.address);
    }),
    "/orders/:id": {
      POST: withBackgroundTasks(async (request: BunRequest<"/orders/:id">, tasks) => {
        // @ts-expect-error: an argument is of the wrong type
        tasks.addTask(audit, 42);
        tasks.addTask(audit, request.params.id);
        return Response.json(await request.json());
      }),
    },
    "/plain": withBackgroundTasks((request, tasks) => {
      const plain: Request = request;
      tasks.addTask(audit, plain.url);
      return new Response("ok");
    }),
  },
  fetch: withBackgroundTasks((_request, tasks, server: Server<undefined>) => {
    tasks.addTask(audit, server.url.href);
    return new Response("ok");
  }),
});

// @ts-expect-error: a route of another path does not fit
export const other: (request: BunRequest<"/a/:b">) => Promise<Response> = withBackgroundTasks(
  (request: BunRequest<"/users/:id">) => new Response(request.params.id),
);
`;

const name =
  "withBackgroundTasks() takes the BunRequest of Bun's routes, and keeps its type";

if (noRegistry === undefined) test(name, compileServer, 600_000);
else leaveOut(name, noRegistry);

async function compileServer(): Promise<void> {
  await using folder = await temporaryFolder();
  const types = fileURLToPath(new URL("node_modules/bun-types", root));
  const paths = Object.fromEntries(
    [...packageEntries()].map(([name, file]) => [name, [file]]),
  );
  const compilerOptions = {
    allowImportingTsExtensions: true,
    exactOptionalPropertyTypes: true,
    lib: ["esnext"],
    module: "esnext",
    moduleResolution: "bundler",
    noEmit: true,
    paths,
    skipLibCheck: true,
    strict: true,
    target: "esnext",
    types: [types],
  };
  const config = JSON.stringify({ compilerOptions, files: ["server.ts"] });
  await Deno.writeTextFile(`${folder.path}/tsconfig.json`, config);
  await Deno.writeTextFile(`${folder.path}/server.ts`, SERVER);
  const packages = COMPILER.flatMap((name) => ["-p", name]);
  const tsc = ["npx", "-y", ...packages, "tsc", "-p", folder.path];
  const { code, output } = await run(tsc);
  assertEquals([code, output], [0, ""]);
}
