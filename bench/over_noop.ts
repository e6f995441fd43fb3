/**
 * What a request costs more than one behind a middleware that does nothing, without a network:
 * `over_noop.ts` on Deno, Bun or Node, which prints one line of JSON. `app.fetch` is called with what
 * the runtime's server hands over, imitated; 32 requests come in each turn of the event loop. CPU time
 * in microseconds for each request, the median of the cycles, the contenders in turn.
 *
 * @module
 */
import process from "node:process";
import { Hono } from "hono";
import { ANSWER, work } from "./answer.ts";
import { endByHand } from "./contenders/end_by_hand.ts";
import queueByHand from "./contenders/hono_queue_by_hand.ts";
import { postlude } from "./contenders/postlude.ts";

const CYCLES = Number(process.env["BENCH_CYCLES"] ?? 200);
const TURNS = 40;
const IN_A_TURN = 32;

/** An app, as a server calls it. */
interface App {
  fetch(request: Request, env: unknown): Response | Promise<Response>;
}

const apps: Readonly<Record<string, App>> = {
  "no-op": noop(),
  "no task": postlude(0),
  "the end of a response by hand": endByHand(() => work("ada@example.com")),
  "a queue by hand, one task": queueByHand as App,
  "one task": postlude(1),
  "three tasks": postlude(3),
};

const times = new Map<string, number[]>();
for (let cycle = 0; cycle < CYCLES; cycle++) {
  for (const [name, app] of Object.entries(apps)) {
    const time = await measure(app);
    if (cycle >= CYCLES / 4) times.set(name, [...times.get(name) ?? [], time]);
  }
}
const floor = median(times.get("no-op")!);
const results = Object.fromEntries(
  [...times].map(([name, all]) => [
    `${name}, more than a no-op`,
    Math.round((median(all) - floor) * 100) / 100,
  ]).slice(1),
);
console.log(JSON.stringify(results));
process.exit(0);

function noop(): App {
  const app = new Hono();
  app.use(async function noop(_c, next) {
    await next();
  });
  app.get("/", (c) => c.json(ANSWER));
  return app as App;
}

/** Turns full of requests, then some empty ones, in which their tasks run. */
async function measure(app: App): Promise<number> {
  const before = process.cpuUsage();
  for (let turn = 0; turn < TURNS; turn++) {
    for (let i = 0; i < IN_A_TURN; i++) void handle(app);
    await nextTurn();
  }
  for (let turn = 0; turn < 6; turn++) await nextTurn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (TURNS * IN_A_TURN);
}

async function handle(app: App): Promise<void> {
  const request = new Request("http://localhost/");
  const { env, sent } = server();
  await app.fetch(request, env);
  sent();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

/** What the server of this runtime hands over, and what it does when the response has been sent. */
function server(): { env: unknown; sent: () => void } {
  if ("Bun" in globalThis) {
    const address = {}; // until the response has been sent
    let open: object | null = address;
    const sent = (): void => void (open = null);
    return { env: { requestIP: () => open }, sent };
  }
  if ("Deno" in globalThis) {
    let sent!: () => void;
    const completed = new Promise<void>((resolve) => sent = resolve);
    return { env: { completed, remoteAddr: {} }, sent };
  }
  let listener: (() => void) | undefined;
  const outgoing = {
    writableFinished: false,
    once: (_event: string, close: () => void) => listener = close,
  };
  const sent = (): void => {
    outgoing.writableFinished = true;
    setImmediate(() => listener?.());
  };
  return { env: { outgoing }, sent };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
