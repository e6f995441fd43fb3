// Bundled for AWS Lambda: `handler` answers API Gateway, `streamed` a function URL in the mode RESPONSE_STREAM
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  drain,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";
import { answer } from "../work.ts";

/** The member of Lambda's runtime that is used here. */
declare const awslambda: {
  streamifyResponse<H>(handler: (...args: unknown[]) => H): unknown;
};

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ waitUntil() {} })); // drain() waits, below

app.get("/:page", (c) => answer(c.req.raw, c.var.backgroundTasks));

const whole = handle(app);
export const handler: typeof whole = async (event, context) => {
  const result = await whole(event, context);
  await drain({ timeout: 10_000 }); // the client waits for this
  return result;
};

const inStream = streamHandle(app);
export const streamed = awslambda.streamifyResponse(async (...args) => {
  await Reflect.apply(inStream, undefined, args);
  await drain({ timeout: 10_000 }); // the client has everything
});
