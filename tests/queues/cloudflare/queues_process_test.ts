import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { root } from "../../../tools/project.ts";
import { bundleOnce } from "../../harness/bundle_once.ts";
import { LineReader } from "../../harness/line_reader.ts";
import { leaveOut } from "../../harness/left_out.ts";
import { runtime } from "../../harness/runtime.ts";
import { test } from "../../harness/test.ts";

/** The worker, with a queue of its own. */
interface Running extends AsyncDisposable {
  post(path: string, ...args: unknown[]): Promise<string>;
  /** Resolves when the worker has logged a line. */
  line(wanted: string): Promise<string>;
  /** What the worker has logged. */
  lines(): string[];
}

async function start(): Promise<Running> {
  const app = new URL("tests/apps/durable/cloudflare.ts", root);
  const path = await bundleOnce(fileURLToPath(app), "workerd");
  const { startWorkerd } = await import("../../../tools/workerd.ts");
  let reader: LineReader | undefined;
  const workerd = await startWorkerd(path, {
    env: {},
    queues: {
      TASKS: { maxRetries: 3, deadLetterQueue: "FAILED" }, // the tasks have 3 attempts
      FAILED: { maxRetries: 0 },
    },
    onOutput: (stdout) => void (reader = new LineReader(stdout)),
  });
  return {
    async post(path, ...args) {
      const body = JSON.stringify(args);
      const url = new URL(path, workerd.url);
      const response = await fetch(url, { body, method: "POST" });
      return `${response.status} ${await response.text()}`;
    },
    line: (wanted) => reader!.line(wanted),
    lines: () => reader!.lines,
    [Symbol.asyncDispose]: () => workerd[Symbol.asyncDispose](),
  };
}

if (runtime !== "workerd") {
  leaveOut("cloudflareQueue() in a Worker, every case", "only on workerd");
} else {
  test("cloudflareQueue() hands a task to the platform's queue, and queueHandler() runs it again until it succeeds", async () => {
    await using worker = await start();
    assertEquals(await worker.post("/flaky", "a", 2), "200 queued");
    await worker.line("end a 2");
    await worker.line("in process a");
    assertEquals(worker.lines().filter((line) => !line.includes("process")), [
      "start a 1",
      "start a 2",
      "end a 2",
    ]);
  });

  test("queueHandler() gives up what has failed for good, and runs it no more", async () => {
    await using worker = await start();
    await worker.post("/flaky", "hopeless", 0);
    await worker.line("given up flaky 1: hopeless");
    await worker.post("/flaky", "never", 9);
    await worker.line("given up flaky 3: not yet");
    await worker.post("/flaky", "last", 1);
    await worker.line("end last 1");
    assertEquals(
      worker.lines().filter((line) => line.startsWith("start")),
      [
        "start hopeless 1",
        "start never 1",
        "start never 2",
        "start never 3",
        "start last 1",
      ],
    );
  });

  test("queueHandler() leaves a task that has failed too often, and what is no task, to the dead-letter queue", async () => {
    await using worker = await start();
    await worker.post("/flaky", "hopeless", 0); // retry.when gives it up
    await worker.line("given up flaky 1: hopeless");
    await worker.post("/flaky", "never", 9);
    await worker.line('dead letter flaky ["never",9]');
    await worker.post("/foreign");
    await worker.line("dead letter foreign undefined");
    assertEquals(
      worker.lines().filter((line) => !line.startsWith("in process")),
      [
        "start hopeless 1",
        "given up flaky 1: hopeless",
        "start never 1",
        "start never 2",
        "start never 3",
        "given up flaky 3: not yet",
        'dead letter flaky ["never",9]',
        "dead letter foreign undefined",
      ],
    );
  });

  test("cloudflareQueue() fails the request where the binding is missing", async () => {
    await using worker = await start();
    assertEquals(
      await worker.post("/lost"),
      "503 not-queued Cloudflare Queues",
    );
  });
}
