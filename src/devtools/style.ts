/** How the page looks: one column of figures, one axis of time, in light and in dark. */
export const STYLE = `
:root {
  --page: #f6f7f9; --card: #fff; --line: #e1e4ea; --text: #1b1f27; --quiet: #5b6472;
  --focus: #2257c9; --handler: #8a94a6; --response: #b9c1ce;
  --good: #1a7f4b; --bad: #c4262e; --late: #a65300; --off: #6b7280; --lost: #8034b8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1217; --card: #171b22; --line: #2a303a; --text: #e7eaf0; --quiet: #9aa4b4;
    --focus: #86adff; --handler: #78839a; --response: #4c5668;
    --good: #4cc38a; --bad: #ff7b80; --late: #f2a65a; --off: #9aa4b4; --lost: #c795f2;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem; max-width: 76rem;
  background: var(--page); color: var(--text);
  font: 0.875rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { margin: 0; font-size: 1.125rem; font-weight: 600; letter-spacing: -0.01em; }
button, input, select {
  font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 0.3rem 0.6rem; min-height: 2.125rem;
}
button { cursor: pointer; padding-inline: 0.9rem; }
button[aria-pressed=true] { border-color: var(--focus); color: var(--focus); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.top { display: flex; align-items: center; gap: 0.75rem; }
#state { margin: 0 auto 0 0; color: var(--quiet); font-size: 0.8125rem; }
#state.live::before {
  content: ""; display: inline-block; width: 0.5rem; height: 0.5rem; margin-right: 0.4rem;
  border-radius: 50%; background: var(--good);
}
#figures {
  display: grid; grid-template-columns: repeat(6, 1fr); margin: 1rem 0; overflow: hidden;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
#figures div { padding: 0.75rem 1rem; }
#figures div + div { border-left: 1px solid var(--line); }
dt { color: var(--quiet); font-size: 0.8125rem; }
dd { margin: 0; font-size: 1.375rem; line-height: 1.3; font-weight: 500; font-variant-numeric: tabular-nums; }
.bad dd { color: var(--bad); }
#filter { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; margin-bottom: 1rem; color: var(--quiet); }
#filter label { display: flex; align-items: center; gap: 0.5rem; }
#filter input, #filter select { color: var(--text); }
#filter input { width: 14rem; max-width: 100%; }
#legend { margin: 0 0 0 auto; align-self: center; font-size: 0.8125rem; }
#legend i { display: inline-block; height: 0.9rem; margin: 0 0.3rem 0 0.9rem; vertical-align: -0.15rem; }
#legend i:first-child { border-left: 1px dashed var(--text); }
#legend i:last-of-type { border-left: 2px solid var(--bad); }
article {
  margin-bottom: 0.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  content-visibility: auto; contain-intrinsic-size: auto 8rem;
}
article > header {
  display: flex; align-items: baseline; gap: 0.75rem; padding: 0.6rem 1rem;
  border-bottom: 1px solid var(--line);
}
h2 { margin: 0; min-width: 0; font: 600 0.875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.status { color: var(--good); font-weight: 600; font-variant-numeric: tabular-nums; }
.status.bad { color: var(--bad); }
time { margin-left: auto; color: var(--quiet); font-size: 0.8125rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.whole { min-width: 4.5rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
ol { list-style: none; margin: 0; padding: 0.35rem 1rem; }
li {
  display: grid; grid-template-columns: 13rem 9.5rem 4.5rem minmax(0, 1fr);
  grid-template-areas: "name outcome took timeline" "error error error error";
  column-gap: 1rem; align-items: center;
}
.name { grid-area: name; min-width: 0; line-height: 1.35; margin: 0.2rem 0; }
h2, .name, summary span {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; line-clamp: 3;
  overflow: hidden; overflow-wrap: anywhere;
}
.outcome { grid-area: outcome; white-space: nowrap; }
.outcome > span { display: inline-block; width: 1.1em; }
.took { grid-area: took; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--quiet); }
.timeline { grid-area: timeline; display: block; height: 28px; overflow: visible; }
.quiet, small, .note { color: var(--quiet); }
small { margin-left: 0.5rem; font-size: 0.75rem; }
.note { display: block; padding: 0.2rem 0; }
details { grid-area: error; min-width: 0; margin: 0 0 0.35rem; }
summary { display: flex; gap: 0.4rem; cursor: pointer; color: var(--bad); }
summary::before { content: "▸"; }
[open] > summary::before { content: "▾"; }
.cancelled summary, .discarded summary { color: var(--quiet); }
pre {
  margin: 0.4rem 0 0.4rem; padding: 0.75rem; max-height: 20rem; overflow: auto; border-radius: 6px;
  background: var(--page); font: 0.75rem/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.succeeded { --own: var(--good); }
.failed { --own: var(--bad); }
.timed-out { --own: var(--late); }
.cancelled, .discarded, .waiting { --own: var(--off); }
.expired, .abandoned { --own: var(--lost); }
.running { --own: var(--focus); }
.handler { --own: var(--handler); }
.response, .wait { --own: var(--response); }
.task .outcome { color: var(--own); }
.bar { fill: var(--own); }
.end { stroke: var(--text); stroke-width: 1; stroke-dasharray: 2 3; opacity: 0.65; }
.retry { stroke: var(--bad); stroke-width: 2; }
#empty { color: var(--quiet); text-align: center; padding: 3rem 0; }
main:not(:empty) + #empty { display: none; }
@media (max-width: 44rem) {
  body { padding-top: 1rem; }
  #figures { grid-template-columns: repeat(3, 1fr); }
  #figures div { padding: 0.5rem 0.75rem; border-left: 0 !important; }
  #filter label { flex: 1 1 100%; }
  #legend { margin: 0 0 0 -0.9rem; }
  #filter label > :is(input, select) { flex: 1; }
  button, input, select { min-height: 2.75rem; }
  article > header { flex-wrap: wrap; gap: 0 0.75rem; padding-inline: 0.75rem; }
  ol { padding-inline: 0.75rem; }
  li {
    grid-template-columns: minmax(0, 1fr) auto auto;
    grid-template-areas: "name outcome took" "timeline timeline timeline" "error error error";
    column-gap: 0.6rem;
  }
  .took { min-width: 3.5rem; }
  summary { padding: 0.35rem 0; }
}
`;
