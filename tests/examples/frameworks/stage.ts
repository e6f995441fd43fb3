import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { type Gate, gate } from "../../harness/gate.ts";

/** How far a task of a Worker is: it calls twice, and the first call is answered when that is said. */
export interface Mail {
  readonly begun: Gate;
  readonly answered: Gate;
  readonly sent: Gate;
}

/** What an app of `examples/frameworks/` finds around it: its client's folder, and another server. */
export class Stage implements AsyncDisposable {
  readonly #folder = mkdtempSync(`${tmpdir()}/frameworks-`);
  readonly #server: Server;
  readonly #arrived = gate();
  readonly #released = gate();
  /** What a Worker has said of its mails, and is answered. */
  readonly #mails = new Map<string, Mail>();

  private constructor() {
    this.#server = createServer((request, response) =>
      void this.#answer(request.url, response)
    );
  }

  /** Sets it up. */
  static async create(): Promise<Stage> {
    const stage = new Stage();
    stage.#server.listen(0, "127.0.0.1");
    await once(stage.#server, "listening");
    return stage;
  }

  /** What the app reads from its environment, beside its port. */
  get env(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      RECEIVED: this.#folder,
      UPSTREAM: `http://127.0.0.1:${port}`,
    };
  }

  /** Resolves when a handler of the app waits for the other server. */
  get held(): Promise<void> {
    return this.#arrived.opened;
  }

  /** Lets that handler go on. */
  release(): void {
    this.#released.open();
  }

  /** Tells the task of a page that the client has all of the response. */
  received(page: string): void {
    writeFileSync(`${this.#folder}/${page}`, "");
  }

  /** The mail of a page of a Worker, which has no file to look for. */
  mail(page: string): Mail {
    const mail = this.#mails.get(page) ??
      { begun: gate(), answered: gate(), sent: gate() };
    this.#mails.set(page, mail);
    return mail;
  }

  async #answer(
    url: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const [, step, page = ""] = url?.split("/") ?? [];
    if (step === "mail") {
      this.mail(page).begun.open();
      await this.mail(page).answered.opened;
      return void response.end();
    }
    if (step === "sent") {
      this.mail(page).sent.open();
      return void response.end();
    }
    if (url === "/held") {
      this.#arrived.open();
      await this.#released.opened;
      response.setHeader("content-type", "application/json");
      response.end('"held"');
      return;
    }
    for (const word of ["one ", "two ", "three"]) {
      response.write(word);
      // longer than any front door looks whether a response has ended
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    response.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true });
  }
}
