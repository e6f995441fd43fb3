import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { atEnd } from "./at_end.ts";

/** Where Debian's package puts it. */
const CHROMIUM = "/usr/bin/chromium";

/** Milliseconds that a busy machine does not need for a step. */
const TIME_LIMIT = 90_000;

/** Why there is no browser here; `undefined` where there is one. */
export const noBrowser: string | undefined = existsSync(CHROMIUM)
  ? undefined
  : `there is no ${CHROMIUM}: apt-get install chromium`;

/**
 * Opens a page in headless Chromium.
 *
 * @param options How it looks: `colorScheme`, `viewport`, `javaScriptEnabled`.
 * @param body What to do there; what the page logs as an error fails it.
 */
export async function withPage(
  options: BrowserContextOptions,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await (await (browser ??= launch())).newPage(options);
  try {
    page.setDefaultTimeout(TIME_LIMIT);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await body(page);
    if (errors.length > 0) throw new Error(errors.join("\n"));
  } finally {
    await page.context().close();
  }
}

/** One for all pages of this process; it ends with the process. */
let browser: Promise<Browser> | undefined;

async function launch(): Promise<Browser> {
  const launched = await chromium.launch({
    executablePath: CHROMIUM,
    timeout: TIME_LIMIT,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  atEnd(() => void launched.close());
  return launched;
}
