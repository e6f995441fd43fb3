/** The API, in a process of its own. */
import { apiOf } from "./api_of.ts";
import { tasks } from "./tasks.ts";

export default apiOf(tasks);
