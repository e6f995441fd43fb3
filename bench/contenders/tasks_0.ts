/** This library, with 0 tasks a request. */
import { postlude } from "./postlude.ts";

export default postlude(0);
