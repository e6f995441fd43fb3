// A module of tasks that burn CPU: BullMQ runs each in a thread of its own.
import { defineTask } from "@postlude/background-tasks";
import { bullmq, taskProcessor } from "@postlude/background-tasks/bullmq";
import { connection } from "./tasks.ts";

const queue = bullmq({ ...connection, queueName: "cpu" });

export const countPrimes = defineTask("count-primes", { queue }, (
  _,
  below: number,
) => {
  let primes = 0;
  for (let n = 2; n < below; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) primes++;
  }
  console.log(`${primes} primes below ${below}`);
});

export default taskProcessor([countPrimes]);
