/**
 * Takes the screenshots of the page of `devtools()` that the docs show: needs Debian's `chromium`.
 *
 *     deno run -A tools/screenshots.ts
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { withPage } from "../tests/harness/browser.ts";
import { serve } from "../tests/harness/serve.ts";
import { root } from "./project.ts";

const WIDE = { height: 640, width: 1040 };
const LOOKS = {
  light: { colorScheme: "light", viewport: WIDE },
  dark: { colorScheme: "dark", viewport: WIDE },
  narrow: { colorScheme: "light", viewport: { height: 760, width: 390 } },
} as const;

/** Names that a stranger may have chosen, at the width of the smallest phone. */
const HOSTILE = [
  ["works", "👩‍👩‍👧‍👦".repeat(100)],
  ["fails", `Z${"\u0300\u0301\u0302\u0308\u030A".repeat(40)}algo`],
  ["works", "\u202Etxt.exe"],
  ["fails", `<img src=x onerror="document.title='hacked'">`],
  ["fails", "x".repeat(600)],
] as const;

await using server = await serve("examples/start.ts");
await fetch(`${server.url}/signup`, {
  body: '{"email":"ada@example.com"}',
  method: "POST",
});
await fetch(`${server.url}/order`, { method: "POST" });
for (const [name, look] of Object.entries(LOOKS)) {
  await withPage(look, async (page) => {
    await page.goto(`${server.url}/_tasks`);
    await page.locator(".task.running").waitFor({ state: "detached" });
    await page.locator("#state.live").waitFor();
    await page.screenshot({
      path: fileURLToPath(new URL(`docs/devtools-${name}.png`, root)),
    });
  });
}

await using hostile = await serve("tests/apps/devtools.ts");
for (const [kind, name] of HOSTILE) {
  const query = `name=${encodeURIComponent(name)}`;
  await fetch(`${hostile.url}/add/${kind}?${query}`, { method: "POST" });
}
await withPage({ viewport: { height: 760, width: 320 } }, async (page) => {
  await page.goto(`${hostile.url}/_tasks`);
  await page.locator(".task.waiting").waitFor({ state: "detached" });
  await page.locator("#state.live").waitFor();
  await page.screenshot({
    fullPage: true,
    path: fileURLToPath(new URL("docs/devtools-hostile.png", root)),
  });
});
