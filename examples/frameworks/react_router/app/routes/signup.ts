import { currentBackgroundTasks } from "@postlude/background-tasks/context";

export function action(): Response {
  currentBackgroundTasks().addTask(() => console.log("mail"));
  return Response.json({ status: "ok" });
}
