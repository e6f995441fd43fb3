/** Express, without a task. */
import { listener } from "./listener.ts";

export default listener();
