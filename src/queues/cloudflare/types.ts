/**
 * The few members of Cloudflare's types that are used here, so that none of its packages is needed.
 *
 * @module
 */

/** A producer binding: `env.TASKS`. */
export interface CloudflareQueueBinding {
  /** Sends several messages. */
  sendBatch(
    messages: Iterable<{
      readonly body: unknown;
      readonly contentType?: "json";
      readonly delaySeconds?: number;
    }>,
  ): Promise<unknown>;
}

/** A message as a consumer gets it. */
export interface CloudflareMessage {
  /** What was sent. */
  readonly body: unknown;
  /** How often it was delivered, this time included. */
  readonly attempts: number;
  /** Tells the platform that the message is done. */
  ack(): void;
  /** Tells the platform to deliver the message again. */
  retry(options?: { readonly delaySeconds?: number }): void;
}

/** The messages of one delivery. */
export interface CloudflareMessageBatch {
  /** The messages. */
  readonly messages: readonly CloudflareMessage[];
}
