import type { SourceEnd } from '../wire/both-ends.ts';
import type { ChecksumsRequest, SideChecksum } from '../wire/checksums.ts';
import type {
  OutgoingContact,
  OutgoingHeartbeat,
  OutgoingRegistration,
  OutgoingShards,
  WireBarrier,
} from '../wire/outgoing.ts';
import type { ListedDatacenter } from '../wire/shard-listing.ts';

/** How a target's master shows itself to the masters of its source; PEM texts. */
export interface SourceCredentials {
  readonly clientCertificate: string;
  readonly clientKey: string;
  /** CA that verifies the source's masters. */
  readonly caCertificate: string;
}

/** How an outgoing side ends. */
export interface ForgetTarget {
  readonly serverMode?: 'default' | 'readonly';
  /** Refused with 412 unless this barrier holds (S8). */
  readonly barrierEpoch?: string;
  /** Position in the target's log when it asked: a call that lands late must not end a registration of after it. */
  readonly asOf?: number;
  /** Number of the synchronization that ends: a registration of it that lands later is refused. */
  readonly epoch?: number;
}

/**
 * The masters of a source, as the target's leader calls them. Every call may be repeated. Throws
 * {@link SourceUnreachable} when none of them answers, {@link SourceRefused} when one answers with a refusal.
 * Adapter: `adapters/http/source-client.ts`.
 */
export interface SourceMasters {
  register(registration: OutgoingRegistration, signal: AbortSignal): Promise<OutgoingContact>;
  /** Who answers, without a trace there; no token comes with it. */
  look(targetId: string, signal: AbortSignal): Promise<OutgoingContact>;
  heartbeat(targetId: string, heartbeat: OutgoingHeartbeat, signal: AbortSignal): Promise<OutgoingContact>;
  putShards(targetId: string, shards: OutgoingShards, signal: AbortSignal): Promise<void>;
  /** Ends the outgoing side; forgetting what is not there succeeds. */
  forget(targetId: string, how: ForgetTarget, signal: AbortSignal): Promise<void>;
  /** Repeatable: a barrier that is there stays as it is. */
  setBarrier(targetId: string, signal: AbortSignal): Promise<WireBarrier>;
  liftBarrier(targetId: string, signal: AbortSignal): Promise<void>;
  checksums(targetId: string, request: ChecksumsRequest, signal: AbortSignal): Promise<readonly SideChecksum[]>;
  /** The source's end of our synchronization. */
  status(targetId: string, details: 'full' | 'short', signal: AbortSignal): Promise<SourceEnd>;
  listing(targetId: string, signal: AbortSignal): Promise<ListedDatacenter>;
  close(): Promise<void>;
}

export type OpenSource = (endpoints: readonly string[], credentials: SourceCredentials) => SourceMasters;

/** No master of the source answered. */
export class SourceUnreachable extends Error {
  override readonly name = 'SourceUnreachable';
}

/** A master of the source answered with an error that repeating will not cure. */
export class SourceRefused extends Error {
  override readonly name = 'SourceRefused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
