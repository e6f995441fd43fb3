/** Every other entry, by its name. */
import { BackgroundTasks, defineTask } from "@postlude/background-tasks";
import { bullmq } from "@postlude/background-tasks/bullmq";
import { cloudflareQueue } from "@postlude/background-tasks/cloudflare-queues";
import { otelObserver } from "@postlude/background-tasks/otel";
import {
  assertTaskAdded,
  TestClient,
} from "@postlude/background-tasks/testing";
import app from "./app.ts";

const queue = bullmq({ connection: "redis://127.0.0.1:6379" });
export const store = defineTask("store", { queue }, (_, _id: string) => {});

// @ts-expect-error: `store` takes an ID, and whoever forgets it is told
export const incomplete = () => new BackgroundTasks().addTask(store);

const client = new TestClient(app, { tasks: "record" });
await client.post("/signup");
const [to] = assertTaskAdded(client, "sendEmail").args;
const names = [cloudflareQueue, otelObserver].map(({ name }) => name);
console.log(JSON.stringify([to, queue.name, ...names]));
