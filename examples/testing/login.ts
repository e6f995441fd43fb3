// deno serve -A examples/testing/login.ts          (no framework: cookies and a redirect)
import { withBackgroundTasks } from "@postlude/background-tasks";

/** Stands for the audit log. */
export const audited: string[] = [];

export function audit(user: string, action: string): void {
  audited.push(`${user}: ${action}`);
}

export default {
  fetch: withBackgroundTasks(async (request, tasks) => {
    if (request.method === "POST") {
      const user = String((await request.formData()).get("user"));
      tasks.addTask(audit, user, "login");
      const headers = new Headers({ location: "/me" });
      headers.append("set-cookie", `user=${user}; Path=/; HttpOnly`);
      return new Response(null, { status: 303, headers });
    }
    const cookie = request.headers.get("cookie") ?? "";
    const user = /user=(\w+)/.exec(cookie)?.[1];
    return user === undefined
      ? new Response("Who are you?", { status: 401 })
      : new Response(`Hello ${user}`);
  }),
};
