import type { RunningProcess } from "../../harness/running_process.ts";
import { untilOpen } from "../../harness/ports.ts";
import { until } from "../../harness/until.ts";
import type { Ask, Client } from "./client.ts";
import type { Stage } from "./stage.ts";

/** What is asked of a framework, in the order of the table's columns. */
export const CHECKS = [
  "task",
  "stream",
  "proxy",
  "fail",
  "platform",
  "slow",
] as const;

/** One of them; its page, too. */
export type Check = typeof CHECKS[number];

/** Milliseconds after which what a check waits for does not come, however busy the machine is. */
const PATIENCE = 60_000;

/** An app that runs, and who asks it. */
export interface Running {
  readonly app: RunningProcess;
  readonly stage: Stage;
  readonly port: number;
  readonly client: Client;
  /** How it is asked for a page; `undefined` for what it has not. */
  readonly ask: (page: Check) => Ask | undefined;
  /** Whose `waitUntil` it should name. */
  readonly platform: string | undefined;
}

/** What a cell of the table says where nothing is wrong, and where there is nothing to check. */
export const YES = "✔", NONE = "–";

/**
 * Makes the six checks, and ends the app by the last.
 *
 * @returns A cell for each: `"✔"`, `"–"` for what the framework has not, or what is wrong.
 */
export async function check(running: Running): Promise<Record<Check, string>> {
  const cells = {} as Record<Check, string>;
  for (const page of CHECKS) {
    const ask = running.ask(page);
    const isAsked = ask !== undefined &&
      (page !== "platform" || running.platform !== undefined);
    cells[page] = isAsked
      ? await Promise.race([verdict(running, page, ask), noAnswer()])
      : NONE;
  }
  return cells;
}

async function verdict(
  running: Running,
  page: Check,
  ask: Ask,
): Promise<string> {
  if (page === "platform") return await named(running, ask);
  if (page === "fail") return await discarded(running, ask);
  if (page === "slow") return await survives(running, ask);
  return await after(running, page, ask);
}

/** The task, which keeps the thread until the client has everything, held no byte back. */
async function after(
  { app, client, port, stage }: Running,
  page: Check,
  ask: Ask,
): Promise<string> {
  const { status, text } = await client(port, ask).catch(() => {
    return { status: "cut off", text: "" };
  });
  stage.received(page);
  const line = await app.line(`: ${page}`);
  if (status !== 200) return String(status);
  if (page !== "task" && !text.includes("three")) return `cut off: ${text}`;
  return line === `mail: ${page}` ? YES : "starts early";
}

async function discarded(
  { app, client, port, stage }: Running,
  ask: Ask,
): Promise<string> {
  stage.received("fail");
  await client(port, ask);
  const ran = (): boolean => app.lines.includes("mail: fail");
  const said = (): boolean =>
    /"fail" (does not run|was discarded)/.test(app.stderr);
  const start = performance.now();
  await until(() => ran() || said() || performance.now() - start > PATIENCE);
  if (ran()) return "runs all the same";
  return said() ? YES : "not a word";
}

async function named(
  { client, port, platform }: Running,
  ask: Ask,
): Promise<string> {
  const { text } = await client(port, ask);
  return text === platform ? `${YES} ${text}` : `${text}, not ${platform}`;
}

/** SIGTERM arrives while a request is open: it is answered, and its task is done. */
async function survives(
  { app, client, port, stage }: Running,
  ask: Ask,
): Promise<string> {
  const answer = client(port, ask).then(({ status }) => `${status}`, () => {
    return "cut off";
  });
  await stage.held;
  app.kill("SIGTERM");
  await Promise.race([untilOpen(port, false), patience()]);
  stage.release();
  const status = await answer;
  stage.received("slow");
  const { code, signal } = await app.exited;
  if (status !== "200") return `answer: ${status}`;
  if (!app.lines.includes("mail: slow")) return "task lost";
  const ended = code === 0 || code === 143 || signal === "SIGTERM"; // 143: by its own listener
  return ended ? YES : `exit code ${code}`;
}

/** A check that takes longer than this has failed: what it waits for does not come. */
function noAnswer(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("no answer"), PATIENCE).unref?.();
  });
}

/** Some servers never refuse a connection: what they would do at the signal, they have done by then. */
function patience(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1_000).unref?.());
}
