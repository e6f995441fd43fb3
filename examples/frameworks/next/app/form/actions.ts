"use server";
import { BackgroundTasks } from "@postlude/background-tasks";
import { redirect } from "next/navigation";
import { after } from "next/server";
import { addEmail, upstream } from "../../work";

export async function signUp(form: FormData): Promise<void> {
  const tasks = new BackgroundTasks();
  after(() => tasks.run());
  try {
    const page = String(form.get("page"));
    addEmail(tasks, page);
    if (page === "fail") throw new Error("the action failed");
    if (page === "slow") await upstream("held");
    if (page === "redirect") redirect("/task");
  } catch (error) {
    tasks.fail(error); // what redirect() throws is no failure
    throw error;
  }
}
