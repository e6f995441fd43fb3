/** This library, with 3 tasks a request. */
import { postlude } from "./postlude.ts";

export default postlude(3);
