/** Tasks whose names and errors try to write lines of their own, or to hide what was written. */
import { BackgroundTasks } from "@postlude/background-tasks";

const EVIL = "\nforged: admin logged in\r\u2028forged\x1b[2J\u009b2J\u202e";

function silent(error: object, ...keys: string[]): object {
  for (const key of keys) {
    Object.defineProperty(error, key, {
      get(): never {
        throw new Error("nobody may read this");
      },
    });
  }
  return error;
}

/** What tasks throw, by name. */
const thrown: Record<string, unknown> = {
  plain: new Error("no such mailbox"),
  message: new Error(`no mailbox ${EVIL}`),
  text: `no mailbox ${EVIL}`,
  cause: new Error("no mailbox", { cause: new Error(EVIL) }),
  deep: new Error("no mailbox", { cause: { error: new TypeError(EVIL) } }),
  several: new AggregateError([new Error(EVIL)], "no mailbox"),
  class: Object.assign(new Error("no mailbox"), { name: `E${EVIL}` }),
  stack: Object.assign(new Error("no mailbox"), { stack: `E${EVIL}` }),
  long: new Error("x".repeat(1_000_000)),
  proxy: new Proxy({}, silent({}, "get", "getPrototypeOf") as object),
  silent: silent(new Error("no mailbox"), "stack", "message", "constructor"),
  [EVIL]: new Error("a name"),
  ["n".repeat(1_000_000)]: new Error("a long name"),
};

const tasks = new BackgroundTasks();
for (const [name, error] of Object.entries(thrown)) {
  tasks.with({ name }).addTask(() => {
    throw error;
  });
}
await tasks.run();
console.log("done");
