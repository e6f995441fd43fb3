import { request } from "../../harness/http_client.ts";
import type { RuntimeName } from "../../harness/runtime.ts";
import type { Check } from "./checks.ts";
import type { Answer, Ask, Client } from "./client.ts";

/** An app of `examples/frameworks/` that its framework builds, and how it is asked. */
export interface BuiltRecipe {
  /** Its folder. */
  readonly folder: string;
  /** The framework, as its row in `docs/frameworks.md` names it. */
  readonly name: string;
  /** The runtimes it is built for. */
  readonly on: readonly RuntimeName[];
  /** How it is asked for a page; `undefined` for what it has not. */
  readonly ask: (page: Check) => Ask | undefined;
  /** Whose `waitUntil` it should name; `undefined` where the process keeps the tasks. */
  readonly platform?: string;
  readonly client?: Client;
  /** The status of its page `/redirect`, where it has one. */
  readonly redirects?: number;
  /** Whether its page `/form` has an action, and then a loader, which adds the task. */
  readonly form?: true;
}

const ask = (page: Check): Ask => ({ path: `/${page}` });

export const BUILT: readonly BuiltRecipe[] = [
  { folder: "astro", name: "Astro 7, own server", on: ["node"], ask },
  {
    folder: "nest",
    name: "NestJS 12, Express",
    on: ["node"],
    ask: (page) => page === "platform" ? undefined : ask(page),
  },
  { folder: "next", name: "Next 16", on: ["node"], ask, redirects: 307 },
  {
    folder: "next",
    name: "Next 16, server action",
    on: ["node"],
    ask: (page) =>
      ["stream", "proxy", "platform"].includes(page) ? undefined : ask(page),
    client: serverAction,
    redirects: 303,
  },
  { folder: "nitro", name: "Nitro 3", on: ["deno", "bun", "node"], ask },
  {
    folder: "nitro",
    name: "Nitro 3",
    on: ["workerd"],
    ask,
    platform: "cloudflare-workers",
  },
  {
    folder: "nuxt",
    name: "Nuxt 4",
    on: ["node"],
    ask: (page) => page === "platform" ? undefined : ask(page),
  },
  {
    folder: "react_router",
    name: "React Router 8, serve",
    on: ["node"],
    ask,
    form: true,
  },
  { folder: "sveltekit", name: "SvelteKit 3, adapter-node", on: ["node"], ask },
  {
    folder: "sveltekit_cloudflare",
    name: "SvelteKit 2, adapter-cloudflare",
    on: ["workerd"],
    ask,
    platform: "cloudflare-workers",
  },
  {
    folder: "tanstack_start",
    name: "TanStack Start, srvx",
    on: ["node"],
    ask,
    platform: "srvx",
  },
  {
    folder: "wrangler",
    name: "Hono 4, wrangler dev",
    on: ["workerd"],
    ask,
    platform: "cloudflare-workers",
  },
];

/**
 * Sends the form of `examples/frameworks/next/app/form/` as a browser without JavaScript does. Each request
 * has a connection of its own: a spare one in the pool of `fetch()` keeps Next from its exit for a minute.
 */
async function serverAction(port: number, { path }: Ask): Promise<Answer> {
  const { text } = await request(port, "/form");
  const [, action = ""] = /name="(\$ACTION_ID_[^"]+)"/.exec(text) ?? [];
  const form = new FormData();
  form.set(action, "");
  form.set("page", path.slice(1));
  const sent = new Response(form);
  return await request(port, "/form", {
    method: "POST",
    headers: {
      "content-type": sent.headers.get("content-type") ?? "",
      Host: `127.0.0.1:${port}`, // Next wants to find the origin's here
      origin: `http://127.0.0.1:${port}`,
    },
    body: await sent.bytes(),
  });
}
