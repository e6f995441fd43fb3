import { withBackgroundTasks } from "@postlude/background-tasks";
import { redirect } from "next/navigation";
import { after } from "next/server";
import { addEmail, answer } from "../../work";

export const GET = withBackgroundTasks((request: Request, tasks) => {
  if (!request.url.endsWith("/redirect")) return answer(request, tasks);
  addEmail(tasks, "redirect");
  redirect("/task");
}, { waitUntil: (promise) => after(promise) });
