import { assertEquals } from "@std/assert";
import { filterOf } from "../../src/devtools/filter.ts";
import { Journal } from "../../src/devtools/journal.ts";
import { duration } from "../../src/devtools/time.ts";
import { test } from "../harness/test.ts";

/** What a journal reads of a task. */
interface Told {
  readonly name: string;
  readonly addedAt: number;
  readonly owner: object;
  status: string;
  attempt: number;
  startedAt?: number;
  endedAt?: number;
}

/** The one place that knows how a journal is told. */
function tell(
  journal: Journal,
  event: "onAdd" | "onStart" | "onEnd",
  task: Told,
): void {
  journal.notify(event, task as never);
}

/** A task of a request, the whole of its life: it runs so many milliseconds. */
function live(journal: Journal, owner: object, took = 0): Told {
  const task: Told = {
    name: "work",
    addedAt: 0,
    owner,
    status: "waiting",
    attempt: 0,
  };
  tell(journal, "onAdd", task);
  Object.assign(task, { status: "running", attempt: 1, startedAt: 0 });
  tell(journal, "onStart", task);
  Object.assign(task, { status: "succeeded", endedAt: took });
  tell(journal, "onEnd", task);
  return task;
}

test("Journal.requests() forgets a request with the last of its tasks", () => {
  const journal = new Journal(false);
  for (let count = 0; count < 600; count++) live(journal, {});
  assertEquals(journal.requests().length, 500);
  assertEquals(journal.requests().at(-1)?.number, 101);
});

test("Journal.totals counts an end once, however often it is told", () => {
  const journal = new Journal(false);
  const task = live(journal, {});
  tell(journal, "onEnd", task);
  const totals = { pending: 0, running: 0, succeeded: 1, failed: 0 };
  assertEquals(journal.totals, totals);
});

test("Journal.percentile() is that of the latest 1,000 tasks", () => {
  const journal = new Journal(false);
  assertEquals(journal.percentile(50), undefined);
  live(journal, {}, 4_000);
  assertEquals([journal.percentile(1), journal.percentile(100)], [
    4_000,
    4_000,
  ]);
  for (let took = 1; took <= 999; took++) live(journal, {}, took);
  assertEquals([journal.percentile(50), journal.percentile(100)], [500, 4_000]);
  live(journal, {}, 1_000);
  assertEquals(journal.percentile(100), 1_000);
});

test("Journal.requestChanges() makes a request new for whoever streams it", () => {
  const journal = new Journal(false);
  const clock = { now: () => 0 };
  const response = { status: 201, outcome: "unknown" };
  const [tasks, withoutTasks] = [{ clock, response }, { clock, response }];
  journal.requestBegins(tasks, undefined);
  journal.requestBegins(withoutTasks, undefined);
  live(journal, tasks);
  live(journal, {});
  const before = journal.version;
  journal.requestChanges("handled", tasks);
  const [other, request] = journal.requests();
  assertEquals([request?.version, journal.version], [before + 1, before + 1]);
  assertEquals(request?.exchange?.status, 201);
  assertEquals(other?.version, before);
  journal.requestChanges("handled", withoutTasks);
  assertEquals(journal.version, before + 1);
});

test("Journal.requests() tells when the handler returned, and not when it was said again", () => {
  const journal = new Journal(false);
  let now = 1;
  const tasks = {
    clock: { now: () => now },
    response: { status: 200 as number | undefined, outcome: "unknown" },
  };
  journal.requestBegins(tasks, undefined);
  live(journal, tasks);
  now = 2;
  journal.requestChanges("handled", tasks);
  now = 3;
  tasks.response.status = undefined;
  journal.requestChanges("handled", tasks);
  const { exchange } = journal.requests()[0]!;
  assertEquals([exchange?.handledAt, exchange?.status], [2, 200]);
});

test("filterOf() takes a name of 200 characters at most", () => {
  assertEquals(filterOf({ name: "x".repeat(300) }).name, "x".repeat(200));
});

test("duration() rounds to whole seconds, and then counts minutes", () => {
  const times = [-5, 999, 1_234, 59_994, 119_600, 61_400];
  assertEquals(times.map(duration), [
    ...["0 ms", "999 ms", "1.23 s", "59.99 s", "2 min 0 s", "1 min 1 s"],
  ]);
});
