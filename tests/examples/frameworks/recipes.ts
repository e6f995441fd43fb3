import type { RuntimeName } from "../../harness/runtime.ts";
import type { Check } from "./checks.ts";
import { type Ask, type Client, http2 } from "./client.ts";

/** An app of `examples/frameworks/`, and how it is asked. */
export interface Recipe {
  /** The framework, as its row in `docs/frameworks.md` names it. */
  readonly name: string;
  /** The runtimes to run it on, and its file there, without `examples/frameworks/` and `.ts`. */
  readonly files: Readonly<Partial<Record<RuntimeName, string>>>;
  /** How it is asked for a page; `undefined` for what it has not. */
  readonly ask: (page: Check) => Ask | undefined;
  /** Whose `waitUntil` it should name; `undefined` where the process keeps the tasks. */
  readonly platform?: string;
  /** HTTP/1.1, or another one. */
  readonly client?: Client;
}

const everywhere = (file: string): Recipe["files"] => ({
  deno: file,
  bun: file,
  node: file,
});

const get = (page: Check): Ask => ({ path: `/${page}` });

/** What the protocol of a framework has no words for. */
const NEITHER: readonly Check[] = ["proxy", "platform"];

/** Those that are quick to install and to start. */
export const RECIPES: readonly Recipe[] = [
  {
    name: "Hono 4",
    files: { deno: "hono/deno", bun: "hono/bun", node: "hono/node" },
    ask: get,
  },
  {
    name: "Hono 4, HTTP/2",
    files: { node: "hono/node_http2" },
    ask: get,
    client: http2,
  },
  { name: "Bun.serve `routes`", files: { bun: "bun_routes/bun" }, ask: get },
  { name: "Elysia 1.4", files: { bun: "elysia/bun" }, ask: get },
  { name: "Elysia 1.4", files: { deno: "elysia/deno" }, ask: get },
  {
    name: "h3 2, srvx",
    files: everywhere("h3/app"),
    ask: get,
    platform: "srvx",
  },
  {
    name: "Express 5",
    files: everywhere("express/app"),
    ask: (page) => page === "platform" ? undefined : get(page),
  },
  {
    name: "Connect 3.7",
    files: everywhere("connect/app"),
    ask: (page) => page === "platform" ? undefined : get(page),
  },
  {
    name: "Fastify 5",
    files: { node: "fastify/app" },
    ask: (page) => page === "platform" ? undefined : get(page),
  },
  {
    name: "Koa 3",
    files: { node: "koa/app" },
    ask: (page) => page === "platform" ? undefined : get(page),
  },
  {
    name: "tRPC 11",
    files: everywhere("trpc/app"),
    ask: (page) =>
      NEITHER.includes(page)
        ? undefined
        : { path: `/${page}`, accept: "text/event-stream, */*" },
  },
  {
    name: "GraphQL Yoga 5",
    files: everywhere("yoga/app"),
    ask(page) {
      if (NEITHER.includes(page)) return undefined;
      const kind = page === "stream" ? "subscription" : "query";
      return {
        path: "/graphql",
        accept: page === "stream" ? "text/event-stream" : "application/json",
        body: { query: `${kind} { ${page} }` },
      };
    },
  },
  {
    name: "better-auth 1.7, by `./context`",
    files: everywhere("better_auth/app"),
    ask(page) {
      if (page === "stream" || NEITHER.includes(page)) return undefined;
      const email = `${page}@example.com`;
      return {
        path: "/api/auth/sign-up/email",
        body: { name: page, email, password: "correct horse" },
      };
    },
  },
  {
    name: "MCP 1.32 over Hono",
    files: everywhere("mcp/app"),
    ask(name) {
      if (NEITHER.includes(name)) return undefined;
      const params = { name, arguments: {} };
      return {
        path: "/mcp",
        accept: "application/json, text/event-stream",
        body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
      };
    },
  },
];
