import { z } from 'zod';

/** A client's free text about itself is kept up to this length. */
export const CLIENT_ID_LENGTH_MAX = 128;

/** Who gave the command that led to a commit, and from where. Commits of a master's own doing have none. */
export const Actor = z.strictObject({
  /** How the caller proved itself: `certificate`, `user` of the database, or by the token kinds `secret`, `monitoring`. */
  kind: z.enum(['secret', 'monitoring', 'user', 'certificate']),
  /** The user's name, the certificate's subject, or the token's `server_id`. */
  name: z.string(),
  /** SHA-256 of the client certificate. */
  fingerprint: z.string().exactOptional(),
  /** What the client called itself in `X-ArangoSync-Client-ID`: a claim, not a proof. */
  clientId: z.string().exactOptional(),
  /** Address of the connection at the master that the caller reached. */
  address: z.string().exactOptional(),
});
export type Actor = Readonly<z.infer<typeof Actor>>;

const BY_CALLER = /^\S+ by (secret|user|certificate|monitoring) (.+)$/s;

/**
 * Who gave the command of a commit. Commits of envelope version 1 say it in their cause only (`<command> by <kind> <name>`):
 * this is the upcaster from that version.
 */
export function actorOf(commit: {
  readonly v?: number;
  readonly cause: string;
  readonly actor?: Actor;
}): Actor | undefined {
  if (commit.v !== undefined) return commit.actor;
  const [, kind, name] = BY_CALLER.exec(commit.cause) ?? [];
  if (kind === undefined || name === undefined) return undefined;
  return { kind: kind as Actor['kind'], name };
}

/** `user root from 10.0.0.7 (arangosync-cli)`. */
export function describeActor({ kind, name, address, clientId }: Actor): string {
  const from = address === undefined ? '' : ` from ${address}`;
  return `${kind} ${name}${from}${clientId === undefined ? '' : ` (${clientId})`}`;
}
