/**
 * What every app in the folders beside this file does for a request; the framework is theirs. The
 * tests in `tests/examples/` start the apps, and are their client and their upstream.
 *
 * @module
 */
import {
  type BackgroundTasks,
  resolveWaitUntil,
} from "@postlude/background-tasks";
import process from "node:process";
import { sendEmail } from "./mail.ts";

/** Where the app listens. */
export const port = Number(process.env["PORT"] ?? 8000);

/** Adds the task of a page; named, since bundlers of frameworks shorten the names of functions. */
export function addEmail(tasks: BackgroundTasks, page: string): void {
  tasks.with({ name: page }).addTask(sendEmail, page);
}

/** An answer that is made word by word. */
export async function* words(): AsyncGenerator<string> {
  for (const word of ["one ", "two ", "three"]) {
    yield word;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The address of a page on another server. */
export function upstreamUrl(page: string): string {
  return `${process.env["UPSTREAM"]}/${page}`;
}

/** The response of another server. */
export function upstream(page: string): Promise<Response> {
  return fetch(upstreamUrl(page));
}

/** Answers `/task`, `/stream`, `/proxy`, `/fail`, `/slow` and `/platform`. */
export async function answer(
  request: Request,
  tasks: BackgroundTasks,
): Promise<Response> {
  const page = new URL(request.url).pathname.slice(1);
  if (page === "platform") {
    return new Response(resolveWaitUntil({ request }).source);
  }
  addEmail(tasks, page);
  if (page === "stream") return new Response(bytes(words()));
  if (page === "proxy") return await upstream("words");
  if (page === "fail") throw new Error("the handler failed");
  if (page === "slow") await upstream("held");
  return Response.json({ page });
}

/** A stream of bytes, as every runtime takes it. */
function bytes(words: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await words.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
}
