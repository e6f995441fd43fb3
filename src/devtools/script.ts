/**
 * The script that keeps the page up to date. Without it the page is complete, and stands still. It
 * waits before it tells of a lost connection: a stream that ends and is opened again at once is no
 * news.
 */
export const SCRIPT = `
const byId = (id) => document.getElementById(id);
const list = byId("requests"), state = byId("state"), form = byId("filter"), pause = byId("pause");
let source, timer;

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function replace(old, next) {
  for (const { id, open } of old.querySelectorAll("details")) {
    const details = open && next.querySelector("#" + id);
    if (details) details.open = true;
  }
  const focused = old.contains(document.activeElement) && document.activeElement.id;
  old.replaceWith(next);
  if (focused) byId(focused)?.focus({ preventScroll: true });
}

function update({ figures, changed, order }) {
  byId("figures").replaceWith(parse(figures));
  for (const html of changed) {
    const next = parse(html), old = byId(next.id);
    if (old) replace(old, next);
    else list.append(next);
  }
  const wanted = new Set(order.map((number) => "r" + number));
  for (const article of [...list.children]) if (!wanted.has(article.id)) article.remove();
  let at = list.firstElementChild;
  for (const id of wanted) {
    const article = byId(id);
    if (article === at) at = at.nextElementSibling;
    else if (article) list.insertBefore(article, at);
  }
}

function connect() {
  source?.close();
  source = new EventSource(location.pathname.replace(/\\/$/, "") + "/live" + location.search);
  source.onopen = () => tell("Live");
  source.onmessage = ({ data }) => update(JSON.parse(data));
  source.onerror = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, 2000, "Disconnected: trying again");
  };
}

function tell(text) {
  clearTimeout(timer);
  if (state.textContent !== text) state.textContent = text;
  state.className = text === "Live" ? "live" : "";
}

form.addEventListener("input", () => {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  history.replaceState(null, "", location.pathname + (query.size ? "?" + query : ""));
  byId("empty").textContent = query.size ? "No task passes the filter." : "No tasks yet.";
  if (pause.getAttribute("aria-pressed") === "true") pause.click();
  else connect();
});
form.addEventListener("submit", (event) => event.preventDefault());

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (!paused) return connect();
  source.close();
  tell("Paused");
});

byId("apply").hidden = true;
pause.hidden = false;
connect();
`;
