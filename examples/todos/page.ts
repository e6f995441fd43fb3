import { html, raw } from "hono/html";
import { type Activity, PRIORITIES, type Todo } from "./todo.ts";
import type { Problem } from "./validate.ts";

/** What the page shows. */
export interface Page {
  /** The todos, in their order. */
  readonly todos: readonly Todo[];
  /** What happened lately. */
  readonly activities: readonly Activity[];
  /** Why a form was refused. */
  readonly problems: readonly Problem[];
}

type Html = ReturnType<typeof html>;

/** The page; what users wrote is escaped by `html`. */
export function renderPage({ todos, activities, problems }: Page): Html {
  const open = todos.filter(({ completed }) => !completed).length;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Todos</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
    <header>
    <h1>Todos</h1>
    <p>${open === 0 ? "Nothing left to do" : `${open} to do`}</p>
    </header>
    <form class="add" method="post" action="/page/add">
    <input name="task" aria-label="Task" placeholder="What is to be done?" maxlength="200" required autofocus>
    <select name="priority" aria-label="Priority">
    ${PRIORITIES.map((priority) =>
      html`<option${
        priority === "medium" ? raw(" selected") : ""
      }>${priority}</option>`
    )}
    </select>
    <button>Add</button>
    </form>
    ${problems.map(({ field, reason }) =>
      html`<p class="problem" role="alert">${field} ${reason}</p>`
    )}
    <ul class="todos">${todos.map(renderTodo)}</ul>
    ${todos.length === 0
      ? html`<p class="empty">No todos yet. Add the first one above.</p>`
      : ""}
    <section>
    <h2>Activity</h2>
    <p class="hint">Each line was written by a background task, after the response.</p>
    <ol>${activities.map(renderActivity)}</ol>
    </section>
        </main>
      </body>
    </html>
  `;
}

function renderTodo({ id, task, completed, priority }: Todo): Html {
  const label = completed ? "Reopen" : "Done";
  return html`
    <li class="${completed ? "completed" : ""}">
      <form method="post"
        action="/page/${id}/toggle"><button class="check" aria-label="${label}: ${task}">${completed
          ? "✓"
          : ""}</button></form>
      <span class="task">${task}</span>
      <span class="priority ${priority}">${priority}</span>
      <form method="post"
        action="/page/${id}/delete"><button class="delete" aria-label="Delete: ${task}">×</button></form>
    </li>
  `;
}

function renderActivity({ details, timestamp }: Activity): Html {
  return html`
    <li><span>${details}</span> <time datetime="${timestamp}">${timestamp.slice(
      11,
      19,
    )}</time></li>
  `;
}

const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f5f4f1, #16171a);
  --card: light-dark(#fff, #202226);
  --text: light-dark(#1f2328, #e8e6e3);
  --soft: light-dark(#6b7077, #989da5);
  --line: light-dark(#e4e2dd, #33363c);
  --accent: light-dark(#2f6f5e, #6cc3a8);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem; }
header { display: flex; align-items: baseline; justify-content: space-between; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em; }
h2 { margin: 2.5rem 0 0; font-size: 1rem; }
header p, .hint, .empty, time { color: var(--soft); }
.hint, ol { font-size: 0.875rem; margin: 0; }
input, select, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); padding: 0.6rem 0.75rem; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.add { display: flex; gap: 0.5rem; margin: 1.25rem 0; }
.add input { flex: 1; min-width: 0; }
.add button { background: var(--accent); border-color: var(--accent); color: var(--page); font-weight: 600; }
.problem { margin: 0 0 1rem; padding: 0.6rem 0.75rem; border-left: 3px solid #c8553d; background: var(--card); }
ul, ol { list-style: none; padding: 0; }
.todos { margin: 0; background: var(--card); border-radius: 0.75rem; box-shadow: 0 1px 3px rgb(0 0 0 / 0.08); }
.todos li { display: flex; align-items: center; gap: 0.75rem; padding: 0.75rem 1rem; }
.todos li + li { border-top: 1px solid var(--line); }
.todos form { display: flex; }
.task { flex: 1; overflow-wrap: anywhere; }
.check { width: 1.6rem; height: 1.6rem; padding: 0; border-radius: 50%; line-height: 1; }
.completed .check { background: var(--accent); border-color: var(--accent); color: var(--page); }
.completed .task { color: var(--soft); text-decoration: line-through; }
.delete { border: 0; background: none; color: var(--soft); padding: 0 0.4rem; font-size: 1.25rem; line-height: 1; }
.priority { font-size: 0.75rem; padding: 0.1rem 0.55rem; border-radius: 1rem; border: 1px solid var(--line); color: var(--soft); }
.priority.high { color: #c8553d; border-color: currentColor; }
ol { margin-top: 0.75rem; }
ol li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.35rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
time { white-space: nowrap; }
`;
