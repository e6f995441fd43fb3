import { assertEquals, assertRejects } from "@std/assert";
import {
  type BackgroundTasksOptions,
  drain,
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  createSchema,
  createYoga,
  type YogaInitialContext,
} from "graphql-yoga";
import { gate } from "../harness/gate.ts";
import { leaveOut, notOnWorkers } from "../harness/left_out.ts";
import { test } from "../harness/test.ts";
import { until } from "../harness/until.ts";

/** What `docs/frameworks.md` says to a user whose tasks must run all the same. */
const KEEP: BackgroundTasksOptions = {
  isFailure: (error) => (error as Error | undefined)?.name !== "AbortError",
};

for (const [options, ran] of [[{}, []], [KEEP, ["task"]]] as const) {
  const title = `a client that leaves Yoga before the answer ${
    ran.length === 0 ? "discards the tasks" : "discards none by isFailure"
  }, while the resolver is at work`;
  if (notOnWorkers === undefined) {
    leaveOut(title, "Yoga is bundled for no Worker here");
  } else test(title, () => leave(options, ran));
}

async function leave(
  options: BackgroundTasksOptions,
  ran: readonly string[],
): Promise<void> {
  const events: string[] = [];
  const client = new AbortController();
  const answer = gate();
  const schema = createSchema<YogaInitialContext>({
    typeDefs: "type Query { signup: String }",
    resolvers: {
      Query: {
        async signup(_, _args, { request }) {
          getBackgroundTasks(request).addTask(() => void events.push("task"));
          client.abort();
          await answer.opened;
          events.push("resolver");
          return "ok";
        },
      },
    },
  });
  const yoga = createYoga({ schema, logging: false });
  const fetch = withBackgroundTasks(yoga, options);
  const url = "https://example.com/graphql?query={signup}";
  const request = new Request(url, { signal: client.signal });
  await assertRejects(async () => await fetch(request));
  await drain();
  assertEquals(events, ran);
  answer.open();
  await until(() => events.includes("resolver"));
  assertEquals(events, [...ran, "resolver"]);
}
