import { z } from 'zod';

/** What a direct-queue token says: its bearer may open links of one target, and nothing else, until `exp` (S23). */
export const QueueTokenClaims = z.object({
  aud: z.literal('mq'),
  /** Deployment id of the target. */
  target: z.string().min(1),
  /** Seconds since 1970, as in a JWT. */
  exp: z.number().int().positive(),
});
export type QueueTokenClaims = z.infer<typeof QueueTokenClaims>;

/** Body of `POST /_api/mq/direct/token/renew`. */
export const QueueTokenRenewal = z.object({ token: z.string().min(1) });

/** Its answer; the time to live in nanoseconds. */
export const RenewedQueueToken = z.object({ token: z.string(), 'token-ttl': z.number().int().positive() });
export type RenewedQueueToken = z.infer<typeof RenewedQueueToken>;
