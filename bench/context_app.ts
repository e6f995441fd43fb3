/** Handles requests in its own process, with `./context` or without: see context.ts. */
import { backgroundTasks } from "@postlude/background-tasks";
import { Hono } from "hono";

const app = new Hono();
app.use(backgroundTasks());
app.get("/", async (c) => {
  for (let i = 0; i < 3; i++) await undefined; // a handler that awaits, as most do
  return c.text("ok");
});

/** Handles so many requests, one after another. */
async function handle(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await app.request("/");
}

async function switchOn(): Promise<void> {
  await import("@postlude/background-tasks/context");
}

/** What runs in workerd: it knows no CPU time, so whoever calls it takes the time. */
export default {
  async fetch({ url }: Request): Promise<Response> {
    const { searchParams } = new URL(url);
    if (searchParams.has("context")) await switchOn();
    await handle(Number(searchParams.get("count")));
    return new Response("ok");
  },
};

/** What runs elsewhere: prints microseconds of CPU time a request. */
const { process } = globalThis as unknown as {
  readonly process: {
    readonly argv: readonly string[];
    exit(): void;
    cpuUsage(): { readonly user: number; readonly system: number };
  };
};
const count = Number(process.argv[2]);
if (count > 0) {
  if (process.argv[3] === "context") await switchOn();
  await handle(count);
  const before = process.cpuUsage();
  await handle(count);
  const after = process.cpuUsage();
  const used = after.user - before.user + after.system - before.system;
  console.log(`each: ${used / count}`);
  process.exit(); // Bun would serve the default export
}
