import { get } from "node:http";
import type { RunningProcess } from "../../harness/running_process.ts";
import { type Check, NONE, YES } from "./checks.ts";
import type { Stage } from "./stage.ts";

/** A step of a check that takes longer has failed: what it waits for does not come. */
const LONGEST = 60_000;

/**
 * Makes the checks of a Worker that `wrangler dev` serves, whose tasks are those of
 * `examples/frameworks/workers/mail.ts`.
 *
 * @param worker The process of wrangler.
 * @param port Where it listens.
 * @param stage What is around it.
 * @param platform Whose `waitUntil` keeps its tasks alive.
 * @returns A cell for each.
 */
export async function checkWorker(
  worker: RunningProcess,
  port: number,
  stage: Stage,
  platform: string,
): Promise<Record<Check, string>> {
  await ask(port, "platform").ended; // what wrangler starts for the first request, it has started
  const after = (page: Check): Promise<string> => verdict(page, port, stage);
  const cells = {
    task: await after("task"),
    stream: await after("stream"),
    proxy: await after("proxy"),
    fail: await discarded(port, stage),
    slow: NONE, // Workers have no signals
  };
  const isLost = /nothing keeps them alive/.test(worker.stderr);
  const isKept = !isLost && cells.task === YES; // it has called once more behind its response
  return { ...cells, platform: isKept ? `${YES} ${platform}` : "none" };
}

/** Whether the task began behind the response, and went on behind it. */
async function verdict(
  page: Check,
  port: number,
  stage: Stage,
): Promise<string> {
  const mail = stage.mail(page);
  const response = ask(port, page);
  if (!await within(mail.begun.opened)) return "no task";
  for (let turn = 0; turn < 3; turn++) { // what had arrived before is read by then
    await new Promise((resolve) => setImmediate(resolve));
  }
  const isEarly = page !== "task" && !response.text.includes("three");
  const status = await response.ended;
  mail.answered.open();
  if (status !== 200) return String(status);
  if (isEarly) return "starts early";
  return await within(mail.sent.opened) ? YES : "task lost";
}

/** The task of a handler that throws does not begin before that of a request behind it. */
async function discarded(port: number, stage: Stage): Promise<string> {
  let hasBegun = false;
  stage.mail("fail").begun.opened.then(() => hasBegun = true);
  await ask(port, "fail").ended;
  const behind = stage.mail("behind");
  behind.answered.open();
  await ask(port, "behind").ended;
  if (!await within(behind.sent.opened)) return "no task behind it";
  return hasBegun ? "runs all the same" : YES;
}

/** A response that arrives. */
interface Arriving {
  /** What has arrived so far. */
  text: string;
  /** Settles with the status when all has arrived. */
  readonly ended: Promise<number | undefined>;
}

function ask(port: number, page: string): Arriving {
  const arriving = { text: "" };
  const ended = new Promise<number | undefined>((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: `/${page}` }, (response) => {
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => arriving.text += chunk);
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    }).on("error", reject);
  });
  return Object.assign(arriving, { ended });
}

/** Whether something happens at all. */
async function within(promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LONGEST);
  });
  return await Promise.race([promise.then(() => true), timeout])
    .finally(() => clearTimeout(timer));
}
