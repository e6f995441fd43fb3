import { Controller, Get, Param, StreamableFile } from "@nestjs/common";
import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import { Readable } from "node:stream";
import { addEmail, upstream, words } from "../work.ts";

@Controller()
export class PageController {
  @Get(":page")
  async answer(@Param("page") page: string) {
    addEmail(currentBackgroundTasks(), page);
    if (page === "fail") throw new Error("the route failed");
    if (page === "stream") return file(words());
    if (page === "proxy") return file((await upstream("words")).body ?? []);
    if (page === "slow") await upstream("held");
    return { page };
  }
}

function file(chunks: Iterable<string> | AsyncIterable<string | Uint8Array>) {
  return new StreamableFile(Readable.from(chunks, { objectMode: false }));
}
