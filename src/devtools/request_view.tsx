/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type { SeenRequest, SeenTask } from "./journal.ts";
import { SIGNS } from "./signs.ts";
import { duration, timeOfDay } from "./time.ts";

/** A request in the list: its handler, its response and its tasks, on one axis of time. */
interface RequestViewProps {
  readonly request: SeenRequest;
  /** Those of its tasks that are shown. */
  readonly tasks: readonly SeenTask[];
  readonly now: number;
}

/** The stretch of time that the bars of a request share. */
interface Axis {
  readonly start: number;
  readonly end: number;
  /** When the response ended, if it did. */
  readonly responseEnd: number | undefined;
}

/** A request and the waterfall of its tasks. */
export function RequestView(
  { request, tasks, now }: RequestViewProps,
): Child {
  const { exchange, number, forgotten } = request;
  const axis = axisOf(request, now);
  const title = [exchange?.method, exchange?.path].filter(Boolean).join(" ");
  return (
    <article id={`r${number}`} aria-labelledby={`t${number}`}>
      <header>
        <h2 id={`t${number}`} title={title}>
          {title || "Tasks without a request"}
        </h2>
        {exchange?.status !== undefined && (
          <span class={exchange.status < 400 ? "status" : "status bad"}>
            {exchange.status}
          </span>
        )}
        <time datetime={new Date(axis.start).toISOString()}>
          {timeOfDay(axis.start)}
        </time>
        <span class="whole">{duration(axis.end - axis.start)}</span>
      </header>
      <ol>
        {exchange !== undefined && (
          <ResponseRows exchange={exchange} axis={axis} />
        )}
        {forgotten > 0 && (
          <li class="note">
            {forgotten} earlier {forgotten === 1 ? "task is" : "tasks are"}{" "}
            not kept
          </li>
        )}
        {tasks.map((task) => (
          <TaskRow key={task.number} task={task} axis={axis} now={now} />
        ))}
      </ol>
    </article>
  );
}

function ResponseRows(
  { exchange, axis }: {
    exchange: NonNullable<SeenRequest["exchange"]>;
    axis: Axis;
  },
): Child {
  const { startedAt, handledAt, endIsWatched, responseEndedAt, outcome } =
    exchange;
  return (
    <>
      <li>
        <span class="name quiet">handler</span>
        <span class="outcome quiet">
          {handledAt === undefined ? "running" : "returned"}
        </span>
        <span class="took">{tookOf(startedAt, handledAt)}</span>
        <Timeline axis={axis}>
          <Bar axis={axis} from={startedAt} to={handledAt} kind="handler" />
        </Timeline>
      </li>
      {endIsWatched && (
        <li>
          <span class="name quiet">response</span>
          <span class="outcome quiet">
            {responseEndedAt === undefined
              ? "not ended"
              : outcome === "unknown"
              ? "ended"
              : outcome}
          </span>
          <span class="took">{tookOf(handledAt, responseEndedAt)}</span>
          <Timeline axis={axis}>
            {handledAt !== undefined && (
              <Bar
                axis={axis}
                from={handledAt}
                to={responseEndedAt}
                kind="response"
              />
            )}
          </Timeline>
        </li>
      )}
    </>
  );
}

function TaskRow(
  { task, axis, now }: { task: SeenTask; axis: Axis; now: number },
): Child {
  const { name, call, status, attempt, startedAt, endedAt } = task;
  return (
    <li class={`task ${status}`}>
      <span class="name" title={call ?? name}>{call ?? name}</span>
      <span class="outcome">
        <span aria-hidden="true">{SIGNS[status]}</span> {status}
        {attempt > 1 && <small>attempt {attempt}</small>}
      </span>
      <span class="took">
        {tookOf(startedAt, endedAt ?? (status === "running" ? now : undefined))}
      </span>
      <Timeline axis={axis}>
        <Bar
          axis={axis}
          from={task.addedAt}
          to={startedAt ?? endedAt}
          kind="wait"
        />
        {startedAt !== undefined && (
          <Bar axis={axis} from={startedAt} to={endedAt} kind={status} />
        )}
        {task.failedAt.map((time) => {
          const x = percent(axis, time);
          return <line key={time} class="retry" x1={x} x2={x} y1="5" y2="23" />;
        })}
      </Timeline>
      {task.error !== undefined && (
        <details id={`e${task.number}`}>
          <summary id={`s${task.number}`}>
            <span>{firstLine(task.error)}</span>
          </summary>
          <pre tabindex={0}>{task.stack ?? task.error}</pre>
        </details>
      )}
    </li>
  );
}

function Timeline(
  { axis, children }: { axis: Axis; children?: Child },
): Child {
  const x = axis.responseEnd === undefined
    ? undefined
    : percent(axis, axis.responseEnd);
  return (
    <svg class="timeline" width="100%" height="28" aria-hidden="true">
      {children}
      {x !== undefined && <line class="end" x1={x} x2={x} y1="0" y2="28" />}
    </svg>
  );
}

function Bar(
  { axis, from, to = axis.end, kind }: {
    axis: Axis;
    from: number;
    to?: number | undefined;
    kind: string;
  },
): Child {
  const [y, height] = kind === "wait" ? [13, 2] : [8, 12];
  const width = Math.max((to - from) / length(axis) * 100, 0.35); // also where a clock was put back
  return (
    <rect
      class={`bar ${kind}`}
      x={percent(axis, from, 100 - width)}
      width={`${width.toFixed(2)}%`}
      y={y}
      height={height}
      rx={kind === "wait" ? 1 : 2}
    />
  );
}

function axisOf({ addedAt, exchange, tasks }: SeenRequest, now: number): Axis {
  const isOver = tasks.every(({ endedAt }) => endedAt !== undefined);
  const ends = tasks.map(({ endedAt }) => endedAt ?? now);
  const start = exchange?.startedAt ?? addedAt;
  const end = Math.max(
    start,
    exchange?.responseEndedAt ?? start,
    ...ends,
    ...(isOver ? [] : [now]),
  );
  return { start, end, responseEnd: exchange?.responseEndedAt };
}

function percent(axis: Axis, time: number, most = 100): string {
  const part = (time - axis.start) / length(axis) * 100;
  return `${Math.min(Math.max(part, 0), most).toFixed(2)}%`;
}

/** At least a millisecond, so that there is something to divide by. */
function length({ start, end }: Axis): number {
  return Math.max(end - start, 1);
}

function tookOf(from: number | undefined, to: number | undefined): string {
  return from === undefined || to === undefined ? "" : duration(to - from);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 300) || "an error without a message";
}
