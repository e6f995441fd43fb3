// deno serve -A examples/plain_fetch.ts          (or: bun examples/plain_fetch.ts, or deploy it to Workers as it is)
import {
  type BackgroundTasks,
  defineTask,
  withBackgroundTasks,
} from "@postlude/background-tasks";

const sendReceipt = defineTask(
  "send-receipt",
  { timeout: 5_000, retry: { attempts: 3, delay: 200 } },
  ({ attempt }, orderId: string) => {
    if (attempt === 1) throw new Error("the mail server is busy"); // so there is a second attempt
    console.log(`receipt for order ${orderId}, attempt ${attempt}`);
  },
);

async function handler(
  request: Request,
  tasks: BackgroundTasks,
): Promise<Response> {
  if (request.method !== "POST") {
    return new Response("POST an order\n", { status: 405 });
  }
  const { id } = await request.json();
  tasks.addTask(sendReceipt, id);
  return Response.json({ status: "ok" });
}

export default { fetch: withBackgroundTasks(handler) };
