import { getBackgroundTasks } from "@postlude/background-tasks";
import { json, type RequestHandler } from "@sveltejs/kit";

export const POST: RequestHandler = ({ request }) => {
  getBackgroundTasks(request).addTask(() => console.log("mail"));
  return json({ status: "ok" });
};
