/** This library, with 1 task a request. */
import { postlude } from "./postlude.ts";

export default postlude(1);
