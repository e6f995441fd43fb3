import type { Broker } from "./broker.ts";
import type { BullMQConnection } from "./connection.ts";
import { PostgresBroker } from "./postgres_broker.ts";
import { RedisBroker } from "./redis_broker.ts";

/**
 * Makes the producer's side of a broker. Nothing is connected before the first `open()`.
 *
 * @param address Where it is.
 * @param queueName The name of the queue.
 * @param timeout Milliseconds one connection attempt may take.
 * @returns The broker.
 */
export function createBroker(
  { connection, postgres, prefix }: BullMQConnection,
  queueName: string,
  timeout: number,
): Broker {
  return postgres === undefined
    ? new RedisBroker(connection, queueName, timeout, prefix)
    : new PostgresBroker(postgres, queueName, timeout);
}
