import type { FrameHeader } from '../queue.ts';
import type { Operation } from './lines.ts';
import type { Settlement } from './suspect-comparison.ts';

/** Frames of which a stream consists before it follows the log. */
export type CatchUpHeader = Extract<FrameHeader, { kind: 'copy' | 'digest' | 'revisions' | 'absent' | 'found' }>;

/** What a catch-up does to the shard, in order; each resolves when it is answered. */
export interface CatchUpPorts {
  /** Also counts what is written, piece by piece. */
  write(documents: readonly Operation[], bytes: number, signal: AbortSignal): Promise<void>;
  /** Removes exactly these documents; one that is gone, or has another revision by now, is spared. */
  remove(documents: readonly Operation[], signal: AbortSignal): Promise<void>;
  /** Writes documents under keys that have none. */
  insert(documents: readonly Operation[], signal: AbortSignal): Promise<void>;
  /** Nothing is held back any more, or an error that names what is. */
  settle(signal: AbortSignal): Promise<void>;
  /** Documents whose revisions can be sent to a server, or an error that names the one that cannot. */
  checked(documents: readonly Operation[]): readonly Operation[];
}

/** Brings a shard to where a snapshot of the source is, from whatever it holds. */
export interface CatchUp {
  /** Takes the next frame. True when the shard is there. */
  take(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Renews what it holds of the target when that is due; throws when it is gone. */
  keepAlive(now: number, signal: AbortSignal): Promise<void>;
  /** What it came to, once the shard is there. */
  readonly settlement: Settlement;
  /** Gives back what it holds of the target, in every outcome. */
  close(): Promise<void>;
}
