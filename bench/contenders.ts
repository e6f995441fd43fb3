/** A runtime that serves a contender. */
export type BenchRuntime = "deno" | "bun" | "node" | "workerd" | "python";

/** One program that answers the same request. */
export interface Contender {
  /** What the tables call it. */
  readonly name: string;
  /** The file in `contenders/`. */
  readonly file: string;
  /** The contender its ratio is taken to: the same framework, without a task. */
  readonly base: string;
  /** How many tasks each request runs. */
  readonly tasks: number;
  readonly runtimes: readonly BenchRuntime[];
  /** Which handler of its file it is, where a file has several; told by the environment. */
  readonly variant?: string;
  /**
   * Who serves it: the file in `servers/` for srvx, which h3 is made for, and for the listener that
   * an app of Express is; or `next start`. The others take the runtime's own server.
   */
  readonly server?: "srvx" | "listener" | "next";
  /** Whether it only shows what a known amount of work costs. */
  readonly isYardstick?: boolean;
}

const EVERYWHERE = ["deno", "bun", "node", "workerd"] as const;
const SRVX = {
  base: "h3",
  runtimes: ["deno", "bun", "node"],
  server: "srvx",
} as const;

/** Hono with a middleware that does nothing. */
export const NOOP = "Hono, no-op middleware";

/** Who is measured, in the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  hono("Hono", "hono.ts", 0),
  hono(NOOP, "hono_noop.ts", 0),
  hono("setImmediate or waitUntil by hand", "hono_by_hand.ts", 1),
  hono("the end of a response by hand", "hono_end_by_hand.ts", 1),
  yardstick("the same, its task works for 2 µs", "work_in_task.ts", 1),
  {
    ...yardstick("a queue by hand, 1 task", "hono_queue_by_hand.ts", 1),
    runtimes: EVERYWHERE,
  },
  yardstick("no task, the handler works for 2 µs", "work_in_handler.ts", 0),
  hono("this library, no task", "tasks_0.ts", 0),
  hono("this library, 1 task", "tasks_1.ts", 1),
  hono("this library, 3 tasks", "tasks_3.ts", 3),
  hono("this library, 10 tasks", "tasks_10.ts", 10),
  elysia("Elysia", "elysia.ts", 0),
  elysia("Elysia, onAfterResponse", "elysia_after_response.ts", 1),
  { ...SRVX, name: "h3", file: "h3.ts", tasks: 0 },
  { ...SRVX, name: "h3, onDispose", file: "h3_dispose.ts", tasks: 1 },
  { ...SRVX, name: "h3, waitUntil", file: "h3_wait_until.ts", tasks: 1 },
  express("Express", "express.ts", 0),
  express('Express, res.on("finish")', "express_finish.ts", 1),
  express("Express, this library's ./node, 1 task", "express_tasks_1.ts", 1),
  next("Next.js", "none"),
  next("Next.js, after()", "after"),
  next("Next.js, this library, 1 task", "tasks"),
  ...python("Starlette", "starlette_app"),
  ...python("FastAPI", "fastapi_app"),
];

function hono(name: string, file: string, tasks: number): Contender {
  return { name, file, tasks, base: NOOP, runtimes: EVERYWHERE };
}

/** What a known amount of work costs here; on Workers no clock tells how much that is. */
function yardstick(name: string, file: string, tasks: number): Contender {
  return {
    ...hono(name, file, tasks),
    runtimes: ["deno", "bun", "node"],
    isYardstick: true,
  };
}

function elysia(name: string, file: string, tasks: number): Contender {
  return { name, file, tasks, base: "Elysia", runtimes: ["bun"] };
}

function express(name: string, file: string, tasks: number): Contender {
  return {
    ...{ name, file, tasks, base: "Express" },
    runtimes: ["node"],
    server: "listener",
  };
}

function next(name: string, variant: string): Contender {
  return {
    ...{ name, variant, file: "next.ts", base: "Next.js" },
    tasks: variant === "none" ? 0 : 1,
    runtimes: ["node"],
    server: "next",
  };
}

function python(name: string, file: string): Contender[] {
  const shared = { file, base: name, runtimes: ["python"] } as const;
  return [
    { ...shared, name, variant: "bare", tasks: 0 },
    {
      ...{ ...shared, name: `${name}, background task` },
      ...{ variant: "task", tasks: 1 },
    },
  ];
}
