/** A handler of `(req, res)` that answers later, behind the door of `./node`, and a bare `drainOnShutdown()`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  drainOnShutdown,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import { processWork } from "../../../src/runner/process_work.ts";
import { endWithParent, LISTENING } from "../../harness/servers/app.ts";

const door = backgroundTasks();
let release = (): void => {};

const server = createServer((req, res) =>
  door(req, res, () => {
    if (req.url === "/ending") res.end(String(processWork.isEnding));
    else if (req.url === "/release") {
      res.end("ok");
      release();
    } else {
      release = () => {
        getBackgroundTasks(req).addTask(() => console.log("task"));
        res.end("held");
      };
      console.log("held");
    }
  })
);
drainOnShutdown({ timeout: 60_000 });
endWithParent();
server.listen(0, "127.0.0.1", () => {
  console.log(LISTENING + (server.address() as AddressInfo).port);
});
