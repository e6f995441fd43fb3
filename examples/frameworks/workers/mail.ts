import process from "node:process";

/**
 * A task on Workers, where no clock moves while a task keeps the thread: it calls another server, which
 * answers once the client has all of the response, and then once more, which it can do only where the
 * platform keeps it alive. In the place of `mail.ts`.
 */
export async function sendEmail(page: string): Promise<void> {
  await fetch(`${process.env["UPSTREAM"]}/mail/${page}`);
  await fetch(`${process.env["UPSTREAM"]}/sent/${page}`);
}
