/** Express with the end of its response by hand: `res.on("finish")`. */
import { work } from "../answer.ts";
import { listener } from "./listener.ts";

export default listener((response) => {
  response.on("finish", () => void work("ada@example.com"));
});
