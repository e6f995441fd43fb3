import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import { addEmail } from "../../work.ts";

export const action = (): string => "sent";

/** Runs after the action too, with a request of its own. */
export function loader(): string {
  addEmail(currentBackgroundTasks(), "form");
  return "loaded";
}

export default function Page() {
  return <form method="post" />;
}
