/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { type Filter, matching, OUTCOMES } from "./filter.ts";
import type { Journal } from "./journal.ts";
import { RequestView } from "./request_view.tsx";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { duration } from "./time.ts";

/** What the page shows, and to whom. */
interface PageProps {
  readonly journal: Journal;
  readonly filter: Filter;
  /** What lets the style and the script of this page run, and nothing else. */
  readonly nonce: string;
}

/** The whole page, as it is now. It shows everything without scripts too, until it is loaded again. */
export function Page({ journal, filter, nonce }: PageProps): Child {
  const now = Date.now();
  const requests = journal.requests().flatMap((request) => {
    const tasks = matching(request, filter);
    return tasks.length === 0 ? [] : [{ request, tasks }];
  });
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Background tasks</title>
        <link rel="icon" href="data:," />
        <style nonce={nonce}>{raw(STYLE)}</style>
      </head>
      <body>
        <header class="top">
          <h1>Background tasks</h1>
          <p role="status" id="state">
            Snapshot: reload to see what is new
          </p>
          <button type="button" id="pause" hidden aria-pressed="false">
            Pause
          </button>
        </header>
        <Figures journal={journal} />
        <FilterForm filter={filter} />
        <main id="requests" aria-label="Requests, the newest first">
          {requests.map(({ request, tasks }) => (
            <RequestView
              key={request.number}
              request={request}
              tasks={tasks}
              now={now}
            />
          ))}
        </main>
        <p id="empty">
          {filter.name || filter.outcome
            ? "No task passes the filter."
            : "No tasks yet. They appear here as requests add them."}
        </p>
        <script nonce={nonce}>{raw(SCRIPT)}</script>
      </body>
    </html>
  );
}

/** The figures at the top of the page. */
export function Figures({ journal }: { journal: Journal }): Child {
  const { pending, running, succeeded, failed } = journal.totals;
  const at = (percent: number): string => {
    const value = journal.percentile(percent);
    return value === undefined ? "–" : duration(value);
  };
  return (
    <dl id="figures">
      <Figure name="pending" value={pending} />
      <Figure name="running" value={running} />
      <Figure name="succeeded" value={succeeded} />
      <Figure name="failed" value={failed} bad={failed > 0} />
      <Figure
        name="p50"
        value={at(50)}
        title="Half of the tasks ran for at most"
      />
      <Figure
        name="p99"
        value={at(99)}
        title="99 of 100 tasks ran for at most"
      />
    </dl>
  );
}

function Figure(
  { name, value, bad = false, title }: {
    name: string;
    value: number | string;
    bad?: boolean;
    title?: string;
  },
): Child {
  return (
    <div class={bad ? "bad" : undefined} title={title}>
      <dt>{name}</dt>
      <dd>{typeof value === "number" ? value.toLocaleString("en") : value}</dd>
    </div>
  );
}

function FilterForm({ filter }: { filter: Filter }): Child {
  return (
    <form method="get" id="filter" role="search">
      <label>
        Name{" "}
        <input
          type="search"
          name="name"
          value={filter.name}
          autocomplete="off"
        />
      </label>
      <label>
        Outcome{" "}
        <select name="outcome">
          <option value="">any</option>
          {OUTCOMES.map((status) => (
            <option
              key={status}
              value={status}
              selected={filter.outcome === status}
            >
              {status}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" id="apply">Apply</button>
      <p id="legend" aria-hidden="true">
        <i></i>response ended <i></i>attempt failed
      </p>
    </form>
  );
}
