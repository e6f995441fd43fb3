import { assertEquals } from "@std/assert";
import { ServerResponse } from "node:http";
import { node, type Outgoing } from "../../src/response_end/node.ts";
import {
  type KnownOutcome,
  outcomeOf,
} from "../../src/response_end/response_end_source.ts";
import { nothingShared, testUnless } from "../harness/left_out.ts";

/** A response as `serverless-http` makes one: its socket keeps what is written, and is no emitter. */
function serverless(): ServerResponse {
  const response = new ServerResponse({ method: "GET" } as never);
  const nothing = (): void => {};
  response.assignSocket({
    _writableState: {},
    writable: true,
    ...{ on: nothing, removeListener: nothing, destroy: nothing },
    ...{ cork: nothing, uncork: nothing },
    write(_data: unknown, encoding: unknown, written: unknown) {
      const done = typeof encoding === "function" ? encoding : written;
      if (typeof done === "function") done();
      return true;
    },
  } as never);
  return response;
}

/** Hands a response to the source; tells how often it has ended so far, and how. */
function watch(outgoing: object): { readonly told: string[] } {
  const told: string[] = [];
  const responseEnded = (outcome: KnownOutcome): void =>
    void told.push(outcomeOf(outcome));
  const exchange = { request: undefined, response: undefined, exactEnd: false };
  node.responseEnd({ responseEnded }, exchange, outgoing as Outgoing);
  return { told };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((r) => setTimeout(r, 1));
};

/** Frameworks set it: the request of a stand-in may have a socket of its own, without events too. */
const REQUESTS = [undefined, { socket: { destroy() {} } }];

for (const req of REQUESTS) {
  const title = req === undefined ? "" : ", and a request with another one";
  testUnless(
    nothingShared ??
      ("Bun" in globalThis ? "Bun refuses such a socket" : undefined),
    `node.responseEnd() ends once for a response with a stand-in for a socket${title}`,
    async () => {
      for (const isLate of [false, true]) {
        const outgoing = serverless();
        if (req !== undefined) Object.assign(outgoing, { req });
        if (!isLate) outgoing.end("ok");
        const { told } = watch(outgoing);
        await turns();
        if (isLate) {
          assertEquals(told, []);
          outgoing.end("ok");
          if (req === undefined) outgoing.emit("close"); // `serverless-http` does
        }
        await turns();
        assertEquals(told.length, 1);
      }
    },
  );
}

testUnless(
  nothingShared,
  "node.responseEnd() ends once for a response whose connection was taken away",
  async () => {
    const listeners: (() => void)[] = [];
    const socket = {
      destroyed: false,
      prependOnceListener: (_: string, listener: () => void) =>
        void listeners.push(listener),
    };
    const outgoing = { // on Bun the socket of such a response is another one
      closed: false,
      destroyed: false,
      writableFinished: false,
      socket: { destroyed: false, prependOnceListener() {} },
      req: { socket },
      prependOnceListener() {},
    };
    const { told } = watch(outgoing);
    await turns();
    assertEquals(told, []);
    socket.destroyed = true;
    for (const listener of listeners) listener();
    assertEquals(told, ["aborted"]);
  },
);
