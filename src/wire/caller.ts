import { z } from 'zod';

/**
 * Who calls a master or worker. `secret`: a token signed with `master.jwtSecret` (workers, masters of the same datacenter,
 * operators that hold it). `monitoring`: the monitoring token. `user`: a user of the local ArangoDB with read/write on
 * `_system`. `certificate`: a TLS client certificate of the configured CA.
 */
export const Caller = z.object({
  kind: z.enum(['secret', 'monitoring', 'user', 'certificate']),
  /** For logs and causes: the user's name, the certificate's subject, the token's `server_id`. */
  name: z.string(),
  /** SHA-256 of the client certificate, lower-case hex; certificates only (S23). */
  fingerprint: z.string().optional(),
  /** What the client called itself (`X-ArangoSync-Client-ID`), at the first master that it reached. */
  clientId: z.string().optional(),
  /** Address it came from, at that master. */
  address: z.string().optional(),
});
export type Caller = z.infer<typeof Caller>;
