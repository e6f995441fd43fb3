import { execFileSync } from "node:child_process";
import { on, once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { leaveOut } from "../harness/left_out.ts";
import { runScript } from "../harness/run_script.ts";
import type { RunningProcess } from "../harness/running_process.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { type Check, NONE, YES } from "./frameworks/checks.ts";
import { Stage } from "./frameworks/stage.ts";
import { checkRow, rowOf } from "./frameworks/table.ts";

const NAMES = {
  handler: "Hono 4, aws-lambda `handle`",
  streamed: "Hono 4, aws-lambda `streamHandle`",
};

const PAGES = ["task", "stream", "proxy", "fail", "slow"] as const;

for (const [handler, name] of Object.entries(NAMES)) {
  const title =
    `examples/frameworks: ${name} has the row of docs/frameworks.md`;
  if (runtime !== "node") leaveOut(title, "AWS Lambda has Node");
  else {
    test(title, async () => {
      await using stage = await Stage.create();
      await using client = await Client.listen();
      stage.release();
      await using lambda = await runScript("tests/apps/lambda_runtime.ts", {
        ...stage.env,
        AWS_LAMBDA_FUNCTION_NAME: "signup",
        CLIENT: String(client.port),
        HANDLER: handler,
        PAGES: PAGES.join(),
      });
      const cells = { platform: NONE } as Record<Check, string>;
      for (const page of PAGES) {
        cells[page] = await invoked(lambda, page, { client, handler, stage });
      }
      lambda.kill("SIGKILL");
      checkRow(rowOf(name, ["node"], cells), lambda.stderr);
    });
  }
}

/** What the handler did for a page until its process stood still; lets it go on. */
async function invoked(
  lambda: RunningProcess,
  page: Check,
  { client, handler, stage }: {
    readonly client: Client;
    readonly handler: string;
    readonly stage: Stage;
  },
): Promise<string> {
  // without a stream, the client has nothing before the task has ended
  const waits = handler !== "streamed";
  if (waits) stage.received(page);
  const text = client.next().then((text) => {
    stage.received(page);
    return text;
  });
  await stopped(lambda, page);
  const [first, ...others] = lambda.lines.splice(0);
  lambda.kill("SIGCONT");
  const isWhole = (await text).includes("three");
  if (page === "fail") return others.length === 0 ? YES : "runs all the same";
  if (first !== `mail: ${page}`) return first ?? "no task";
  if ((page === "stream" || page === "proxy") && !isWhole) return "cut off";
  return waits && page !== "slow" ? "the client waits" : YES;
}

/** Waits until the handler has settled, and its process stands still. */
async function stopped(lambda: RunningProcess, page: string): Promise<void> {
  await lambda.line(`settled: ${page}`);
  const state = ["-o", "stat=", "-p", String(lambda.pid)];
  while (!execFileSync("ps", state, { encoding: "utf8" }).startsWith("T")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The client of the handler: a connection for each invocation. */
class Client implements AsyncDisposable {
  readonly #server = createServer();
  readonly #sockets = on(this.#server, "connection");

  static async listen(): Promise<Client> {
    const client = new Client();
    client.#server.listen(0, "127.0.0.1");
    await once(client.#server, "listening");
    return client;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All that the next connection brings. */
  async next(): Promise<string> {
    const { value: [socket] = [] } = await this.#sockets.next();
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
    await once(socket, "end");
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
