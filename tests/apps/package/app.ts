/** An app of somebody who has installed the package; for each copy of Hono. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  getBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

const events: string[] = [];
const sendEmail = (to: string, subject: string): void =>
  void events.push(`${subject} -> ${to}`);
const audit = (action: string): void => void events.push(action);

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.post("/signup", (c) => {
  c.var.backgroundTasks.addTask(sendEmail, "ada@example.com", "Welcome!");
  getBackgroundTasks(c).addTask(audit, "signup");
  return c.text("ok");
});
app.get("/events", (c) => c.json(events));

export default app;
