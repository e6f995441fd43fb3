import { withBackgroundTasks } from "@postlude/background-tasks";
import app from "@tanstack/react-start/server-entry";

export default { fetch: withBackgroundTasks(app, { failureStatus: 500 }) };
