/** This library, with 10 tasks a request. */
import { postlude } from "./postlude.ts";

export default postlude(10);
