import { work } from "../answer.ts";
import { endByHand } from "./end_by_hand.ts";

export default endByHand(() => work("ada@example.com"));
