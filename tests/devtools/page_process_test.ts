import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CDPSession, Page } from "playwright-core";
import { noBrowser, withPage } from "../harness/browser.ts";
import { request } from "../harness/http_client.ts";
import { heavy, testUnless } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve, type Served } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

const APP = "tests/apps/devtools.ts";

/** The page is the same on all runtimes: by default a browser opens it on one. */
const noPage = noBrowser ?? (runtime === "deno" ? undefined : heavy);

function post({ port }: Served, path: string): Promise<{ status: number }> {
  return request(port, path, { method: "POST" });
}

/** In the page: how long after a request the list shows what became of it. */
const MEASURE = `(async () => {
  const list = document.querySelector("#requests");
  const times = (text) => list.textContent.split(text).length;
  const change = (text) => new Promise((resolve) => {
    const start = performance.now();
    const before = times(text);
    const observer = new MutationObserver(() => {
      if (times(text) === before) return;
      observer.disconnect();
      resolve(performance.now() - start);
    });
    observer.observe(list, { childList: true, subtree: true });
  });
  const running = change("running");
  await fetch("/add/waits?name=slow", { method: "POST" });
  const delay = await running;
  const succeeded = change("succeeded");
  await fetch("/release", { method: "POST" });
  return [delay, await succeeded];
})()`;

/** Waits until the list of the page contains a text. */
async function see(page: Page, text: string | RegExp): Promise<void> {
  await page.locator("#requests").getByText(text).first().waitFor();
}

async function figure(page: Page, name: string): Promise<string | null> {
  return await page.locator("#figures div", { hasText: name }).locator("dd")
    .textContent();
}

/** Waits until a figure at the top of the page has a value. */
async function seeFigure(
  page: Page,
  name: string,
  value: string,
): Promise<void> {
  const figure = page.locator("#figures div", { hasText: name });
  await figure.getByText(value, { exact: true }).waitFor();
}

/**
 * The nodes that a page keeps in memory. One collection leaves nodes that the
 * next one takes, so there are more of them, up to fifty, until the page is
 * within its limit. A limit of 0 asks for all fifty.
 */
async function nodesKept(session: CDPSession, limit: number): Promise<number> {
  let kept = Infinity;
  for (let i = 0; i < 50 && kept > limit; i++) {
    await session.send("HeapProfiler.collectGarbage");
    kept = Math.min(kept, (await session.send("Memory.getDOMCounters")).nodes);
  }
  return kept;
}

test("devtools() streams a task that runs, and its end, over a socket", async () => {
  await using server = await serve(APP);
  await post(server, "/add/waits?name=slow");
  const response = await fetch(`${server.url}/_tasks/live`);
  const reader = response.body!.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  const until = async (match: string): Promise<void> => {
    while (!text.includes(match)) {
      const { done, value } = await reader.read();
      assert(!done, `the stream ended before ${match}`);
      text += value;
    }
  };
  await until("running</span>");
  await post(server, "/release");
  await until("succeeded</span>");
  await reader.cancel();
});

testUnless(
  noPage,
  "devtools() page shows a new task, and its end, within a second",
  async () => {
    await using server = await serve(APP);
    await withPage({}, async (page) => {
      await page.goto(`${server.url}/_tasks/`);
      await page.getByText("No tasks yet").waitFor();
      await page.locator("#state.live").waitFor();
      let delays = [Infinity];
      let count = 0;
      for (; count < 20 && Math.max(...delays) >= 1_000; count++) { // a busy machine may take longer
        delays = await page.evaluate<number[]>(MEASURE);
      }
      assert(Math.max(...delays) < 1_000, `${delays} ms`);
      assertEquals(await page.locator("#empty").isVisible(), false);
      assertEquals(await figure(page, "succeeded"), `${count}`);
    });
  },
);

testUnless(
  noPage,
  "devtools() page shows a hostile task name as text",
  async () => {
    await using server = await serve(APP);
    await withPage({}, async (page) => {
      const hostile = `<img src=x onerror="document.title='hacked'">`;
      await page.goto(`${server.url}/_tasks`);
      await post(server, `/add/fails?name=${encodeURIComponent(hostile)}`);
      await see(page, hostile);
      await page.reload();
      await see(page, hostile);
      assertEquals(await page.locator("#requests img").count(), 0);
      assertEquals(await page.title(), "Background tasks");
    });
  },
);

/** Names that do their worst: long, without a space, right to left, towering, markup. */
const HOSTILE = [
  "x".repeat(600),
  "word ".repeat(120),
  `<script>document.title="hacked"</script>`,
  "\u202Etxt.exe",
  `Z${"\u0300\u0301\u0302\u0308\u030A".repeat(40)}`,
  "👩‍👩‍👧‍👦".repeat(100),
];

/** In the page: what is wider than it is, what leaves its row, and the tallest row. */
const MEASURE_ROWS = `(() => {
  const shown = [...document.querySelectorAll("header, li, li *, h2, dd")]
    .filter((element) => !element.closest("svg"));
  const rows = [...document.querySelectorAll("li, article > header")];
  return {
    wide: shown.filter((element) => element.getBoundingClientRect().right > innerWidth + 1).length,
    cut: [...document.querySelectorAll(".name, h2, summary span")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1).length,
    spilt: rows.filter((row) => row.scrollHeight > row.clientHeight + 2).length,
    scrolls: document.documentElement.scrollWidth > innerWidth,
    tallest: Math.max(...rows.map((row) => row.getBoundingClientRect().height)),
  };
})()`;

for (const width of [320, 1280]) {
  testUnless(
    noPage,
    `devtools() page keeps a name of any length in its row, ${width} px wide`,
    async () => {
      await using server = await serve(APP);
      await withPage({ viewport: { height: 800, width } }, async (page) => {
        for (const name of HOSTILE) {
          for (const kind of ["fails", "works"]) {
            await post(server, `/add/${kind}?name=${encodeURIComponent(name)}`);
          }
        }
        await page.goto(`${server.url}/_tasks`);
        await page.locator("article").nth(11).waitFor();
        await page.locator("#state.live").waitFor();
        const { tallest, ...outside } = await page.evaluate<
          Record<"cut" | "spilt" | "tallest" | "wide", number> & {
            scrolls: boolean;
          }
        >(MEASURE_ROWS);
        assertEquals(outside, { cut: 0, wide: 0, spilt: 0, scrolls: false });
        assert(tallest < 180, `a row of ${tallest} px`);
        assertEquals(await page.title(), "Background tasks");
        const long = page.locator(".name", { hasText: "xxx" }).first();
        assertEquals(await long.getAttribute("title"), HOSTILE[0]);
      });
    },
  );
}

testUnless(
  noPage,
  "devtools() page opens an error by keyboard, and keeps it open and focused while it is updated",
  async () => {
    await using server = await serve(APP);
    await withPage({}, async (page) => {
      await post(server, "/add/fails?name=broken");
      await page.goto(`${server.url}/_tasks`);
      await page.locator("#state.live").waitFor();
      await page.evaluate(
        `document.querySelector("article").setAttribute("data-old", "")`,
      );
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      const stack = page.locator("pre");
      await stack.waitFor();
      assertStringIncludes(await stack.innerText(), "Error: broken failed\n");
      await page.evaluate( // a filter that is touched: everything is sent again
        `document.querySelector("#filter").dispatchEvent(new Event("input"))`,
      );
      await page.locator("article:not([data-old])").waitFor();
      assertEquals(await stack.isVisible(), true);
      assertEquals(
        await page.evaluate("document.activeElement.tagName"),
        "SUMMARY",
      );
    });
  },
);

testUnless(
  noPage,
  "devtools() page filters while somebody types, and can be paused",
  async () => {
    await using server = await serve(APP);
    await withPage({}, async (page) => {
      await post(server, "/add/fails?name=broken");
      await post(server, "/add/works?name=fine");
      await page.goto(`${server.url}/_tasks`);
      await see(page, "fine");
      await page.getByLabel("Outcome").selectOption("failed");
      await page.locator("article").nth(1).waitFor({ state: "detached" });
      await see(page, "broken");
      await page.getByLabel("Name").fill("nothing");
      await page.getByText("No task passes the filter.").waitFor();
      assertStringIncludes(page.url(), "?name=nothing&outcome=failed");
      await page.getByLabel("Name").fill("");
      await see(page, "broken");

      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("Paused").waitFor();
      await post(server, "/add/fails?name=unseen");
      await page.getByRole("button", { name: "Pause" }).click();
      await see(page, "unseen");
    });
  },
);

testUnless(
  noPage,
  "devtools() page is a whole snapshot without scripts, filters included",
  async () => {
    await using server = await serve(APP);
    await post(server, "/add/works?name=fine");
    await post(server, "/add/fails?name=broken");
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${server.url}/_tasks`);
      await page.getByText("Snapshot: reload").waitFor();
      assertEquals(await page.locator("article").count(), 2);
      await page.locator("summary").click();
      assertStringIncludes(
        await page.locator("pre").innerText(),
        "broken failed",
      );
      await page.getByLabel("Name").fill("fine");
      await page.getByRole("button", { name: "Apply" }).click();
      await page.waitForURL(/name=fine/);
      assertEquals(await page.locator("article").count(), 1);
      assertEquals(await page.getByLabel("Name").inputValue(), "fine");
    });
  },
);

testUnless(
  noPage ?? heavy,
  "devtools() page survives 10,000 tasks, with no more in memory than after 5,000",
  async () => {
    await using server = await serve(APP);
    await withPage({}, async (page) => {
      await page.goto(`${server.url}/_tasks`);
      await page.locator("#state.live").waitFor();
      const session = await page.context().newCDPSession(page);
      const nodes: number[] = [];
      for (const [round, total] of ["5,000", "10,000"].entries()) {
        for (let i = 0; i < 100; i++) {
          await post(server, `/add/works?count=50&name=r${round}-${i}`);
        }
        await seeFigure(page, "succeeded", total);
        await see(page, `r${round}-99`);
        assertEquals(await page.locator("li.task").count(), 500);
        assertEquals(await page.locator("article").count(), 10);
        nodes.push(await nodesKept(session, (nodes[0] ?? 0) * 1.1));
      }
      const [before = 0, after = Infinity] = nodes;
      assert(after <= before * 1.1, `${nodes} nodes`);
    });
  },
);
