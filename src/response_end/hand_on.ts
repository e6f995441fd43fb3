import type { ResponseOutcome } from "../task/task_run.ts";

/** A body that nobody has begun to read after this many milliseconds was dropped. */
const UNREAD = 1_000;

/**
 * Hands a stream on without holding anything back or asking ahead. Never `type: "bytes"`, which
 * takes the source's buffers away, and never `tee`, which keeps what the client has not read.
 *
 * @param body The stream.
 * @param over Called once, when the stream has ended, failed or been cancelled, or when nobody
 * has begun to read it.
 * @returns The stream to send instead.
 */
export function handOn(
  body: ReadableStream<Uint8Array>,
  over: (outcome: ResponseOutcome) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let reported = false;
  const report = (outcome: ResponseOutcome): void => {
    clearTimeout(unread);
    if (!reported) over(outcome);
    reported = true;
  };
  const unread = setTimeout(report, UNREAD, "unknown");
  return new ReadableStream({
    async pull(controller): Promise<void> {
      clearTimeout(unread);
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
        report("sent");
      } catch (error) {
        controller.error(error);
        report("errored");
      }
    },
    cancel(reason): Promise<void> {
      report("aborted");
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
