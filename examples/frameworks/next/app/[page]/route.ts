import { withBackgroundTasks } from "@postlude/background-tasks";
import { redirect } from "next/navigation";
import { after, type NextRequest } from "next/server";
import { addEmail, answer } from "../../work";

export const GET = withBackgroundTasks((request: NextRequest, tasks) => {
  if (request.nextUrl.pathname !== "/redirect") return answer(request, tasks);
  addEmail(tasks, "redirect");
  redirect("/task");
}, { waitUntil: (promise) => after(promise) });
