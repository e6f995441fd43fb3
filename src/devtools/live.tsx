/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { processWork } from "../runner/process_work.ts";
import { type Filter, matching } from "./filter.ts";
import type { Journal, SeenRequest } from "./journal.ts";
import { Figures } from "./page.tsx";
import { RequestView } from "./request_view.tsx";

/** Milliseconds between two looks for something new. */
const PACE = 250;

/**
 * A stream ends after so long, and the page opens the next one where this one stopped: a server
 * that waits for its connections before it shuts down does not wait long for a page that is open.
 * Where `drainOnShutdown` ends the process, the stream ends at once.
 */
const LIFETIME = 5_000;

/**
 * Streams what changes, as HTML that takes the place of what the page has.
 *
 * @param c The Hono context.
 * @param journal What has happened.
 * @param filter What the page shows.
 * @param epoch The run of the server: another run starts its versions again.
 * @returns The event stream.
 */
export function live(
  c: Context,
  journal: Journal,
  filter: Filter,
  epoch: string,
): Response {
  const [seenEpoch, seen] = c.req.header("last-event-id")?.split(":") ?? [];
  let version = seenEpoch === epoch ? Number(seen) : -1;
  return streamSSE(c, async (stream) => {
    const end = Date.now() + LIFETIME;
    await stream.write("retry: 250\n\n"); // at once: some runtimes send headers with a body only
    do {
      if (journal.version > version || journal.totals.pending > 0) {
        const from = version;
        version = journal.version;
        await send(stream, journal, filter, from, `${epoch}:${version}`);
      }
      await stream.sleep(PACE);
    } while (
      !stream.aborted && !processWork.isEnding && Date.now() < end
    );
  });
}

async function send(
  stream: SSEStreamingApi,
  journal: Journal,
  filter: Filter,
  version: number,
  id: string,
): Promise<void> {
  const now = Date.now();
  const order: number[] = [];
  const changed: string[] = [];
  for (const request of journal.requests()) {
    const tasks = matching(request, filter);
    if (tasks.length === 0) continue;
    order.push(request.number);
    if (request.version <= version && !isMoving(request)) continue;
    changed.push(String(
      <RequestView request={request} tasks={tasks} now={now} />,
    ));
  }
  const figures = String(<Figures journal={journal} />);
  const data = JSON.stringify({ figures, changed, order });
  await stream.writeSSE({ id, data });
}

/** Whether a request looks different now although nothing was reported: a bar grows. */
function isMoving({ tasks }: SeenRequest): boolean {
  return tasks.some(({ endedAt }) => endedAt === undefined);
}
