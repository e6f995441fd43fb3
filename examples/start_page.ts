// Part of start.ts: two buttons, and below them the page that shows the tasks.
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Background tasks: try it</title>
<style>
  body { display: grid; grid-template-rows: auto 1fr; gap: 1rem; margin: 0; height: 100dvh; font: 1rem/1.5 system-ui; background: #f6f7f9; }
  @media (prefers-color-scheme: dark) { body { background: #0f1217; } }
  header { padding: 1.25rem clamp(1rem, 4vw, 2.5rem) 0; }
  p { margin: 0 0 0.75rem; max-width: 44rem; }
  button { font: inherit; padding: 0.4rem 1rem; margin-right: 0.5rem; min-height: 2.75rem; cursor: pointer; }
  iframe { width: 100%; height: 100%; border: 0; }
</style>
<header>
  <p>Press a button. The answer comes at once; the tasks run after it, and appear below.</p>
  <button data-path="/signup">Sign up</button>
  <button data-path="/order">Order</button>
  <output></output>
</header>
<iframe src="/_tasks" title="Background tasks"></iframe>
<script>
  for (const button of document.querySelectorAll("button")) {
    button.onclick = async () => {
      const start = performance.now();
      const body = JSON.stringify({ email: "ada@example.com" });
      const response = await fetch(button.dataset.path, { method: "POST", body });
      await response.text();
      const took = Math.round(performance.now() - start);
      document.querySelector("output").value = "answered " + response.status + " in " + took + " ms";
    };
  }
</script>
`;
