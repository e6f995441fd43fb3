import { work } from "../answer.ts";
import { burn } from "../burn.ts";
import { endByHand } from "./end_by_hand.ts";

export default endByHand(() => {
  burn(2);
  return work("ada@example.com");
});
