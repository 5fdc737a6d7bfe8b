/**
 * The port between a source worker and a target worker. One *link* joins a pair of workers and carries the messages of
 * all shards between them: frames from source to target, controls from target to source, each in order. A link that
 * breaks loses nothing silently: both ends learn it (`closed`), and the target opens every channel again from its
 * checkpoints. Direct queue: `adapters/mq/direct`; in memory, for tests and the raw benchmark: `replication/memory-link.ts`.
 */

/** A tick is a decimal string: a RocksDB sequence number of one server. Compare with {@link compareTicks}, never as text. */
export type Tick = string;

/** Compares two ticks as numbers: negative, zero, positive. */
export function compareTicks(a: Tick, b: Tick): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** An operation as it stands in a server's log: enough to recognise it when the tick is given again (S5). */
export interface Witness {
  /** Tick of the first marker of the operation's group (its 2200, or itself). */
  readonly groupTick: Tick;
  readonly tick: Tick;
  readonly cuid: string;
  readonly key: string;
  /** `''` for a removal whose marker has no trustworthy revision. */
  readonly rev: string;
}

/** How far a shard is applied and durable on the target (S3). Under another epoch it means nothing. */
export interface Checkpoint {
  readonly epoch: string;
  readonly sourceDeployment: string;
  /** `_admin/server/id` of the source's DB-Server (single server: its `serverId`). */
  readonly dbServer: string;
  /** `server.serverId` of `/_api/wal/lastTick`: the data directory's own number. */
  readonly serverId: string;
  /** globallyUniqueId of the source's shard, as in its log. */
  readonly cuid: string;
  /** Id of the collection on the target; another one means the target's collection was made anew. */
  readonly targetCollectionId: string;
  /** Everything up to and including this tick is applied and durable. Always a group's end or a scanned position. */
  readonly tick: Tick;
  /** Largest revision ever applied (encoded text). */
  readonly forkRevision: string;
  /** Up to three recent operations at or before `tick`, of different collections where possible. */
  readonly witnesses: readonly Witness[];
}

/** Target → source. */
export type Control =
  | {
      readonly kind: 'open';
      readonly channel: string;
      /** ULID drawn by the receiver for this opening; every frame of the shard carries it (S15). */
      readonly stream: string;
      readonly checkpoint?: Checkpoint;
      /** Why the shard has to be caught up with although a checkpoint might serve; absent: the sender decides. */
      readonly catchUpBecause?: string;
      /**
       * The shard holds nothing but what came from this source, so that equal revisions are equal documents: it can be
       * caught up with by difference. Absent: only a copy is safe.
       */
      readonly compare?: {
        /** The target may have been written to since: from this revision on an equal one proves nothing (S2). */
        readonly since?: string;
      };
      /** Bytes of frames that may be unacknowledged on this channel (S7). */
      readonly credit: number;
    }
  /** Frames of the stream up to sequence number `seq` are applied; frees that much credit. `durable` is the checkpointed tick. */
  | {
      readonly kind: 'ack';
      readonly channel: string;
      readonly stream: string;
      readonly seq: number;
      readonly durable?: Tick;
    }
  | { readonly kind: 'close'; readonly channel: string; readonly stream: string }
  /** Ask for the shard's tree at a point of the stream, to be answered by a `tree` frame. */
  | { readonly kind: 'verify'; readonly channel: string; readonly stream: string }
  | ({ readonly channel: string; readonly stream: string } & DifferenceQuestion);

/** What a receiver that is caught up with by difference asks of the snapshot; each is answered before the next. */
export type DifferenceQuestion =
  /** Which revisions are in these ranges? Answered by one `revisions` frame; `resume` where the one before ended early. */
  | { readonly kind: 'list'; readonly ranges: readonly (readonly [string, string])[]; readonly resume?: string }
  /** These documents, please. Answered by `copy` frames, of which the last says so. */
  | { readonly kind: 'fetch'; readonly revisions: readonly string[] }
  /**
   * The lists of revisions are equal, the trees are not, and ours was computed anew: the source looks at its own, and ends
   * the stream with what is to be done (S21).
   */
  | { readonly kind: 'drifted' }
  /** Nothing is missing any more: the stream goes on with the log. */
  | { readonly kind: 'compared' };

interface ChannelFrame {
  readonly channel: string;
  readonly stream: string;
  /** Counts the frames of a stream from 1 without gaps: a receiver refuses any other than the next (S15). */
  readonly seq: number;
}

/** Header of a frame, source → target. Bodies hold one document or operation a line and are never parsed on the way. */
export type FrameHeader =
  /** First frame of a stream: how the sender serves it, and from which server. */
  | (ChannelFrame & {
      readonly kind: 'opened';
      readonly way: 'tail' | 'copy' | 'difference';
      readonly reason: string;
      readonly sourceDeployment: string;
      readonly dbServer: string;
      readonly serverId: string;
      readonly cuid: string;
      /** `tail`: the position from which it goes on (the checkpoint's). Else: the snapshot's tick, where the log continues. */
      readonly from: Tick;
      /** `copy` only: documents in the snapshot. */
      readonly expectedDocuments?: number;
    })
  /** `difference` only, behind `opened`: the snapshot's revision tree as the server prints it (reference 5.8.2). */
  | (ChannelFrame & { readonly kind: 'digest' })
  /** Answer to `list`: revisions, ascending, as `revision-list.ts` packs them; `resume`: where the rest begins. */
  | (ChannelFrame & { readonly kind: 'revisions'; readonly resume?: string })
  /** A piece of the snapshot: bare documents in revision order, `\n`-terminated. */
  | (ChannelFrame & { readonly kind: 'copy'; readonly documents: number; readonly last: boolean })
  /**
   * Operations in log order, a line each: `+<document>` or `-{"_key":…,"_rev":…}`. `from` is exactly the receiver's
   * position. When `complete` is false the body ends inside a transaction: apply, but do not move the checkpoint.
   */
  | (ChannelFrame & {
      readonly kind: 'ops';
      readonly from: Tick;
      readonly to: Tick;
      readonly complete: boolean;
      readonly operations: number;
      readonly witnesses: readonly Witness[];
      /** Source worker's wall clock when the operations were read, ms since 1970. */
      readonly readAt: number;
    })
  /** Tree of the source shard at exactly `tick`, which is the receiver's position when the frame arrives. */
  | (ChannelFrame & { readonly kind: 'tree'; readonly tick: Tick; readonly count: number; readonly hash: string })
  /**
   * The stream ends here; the receiver opens again (after a pause if `retryAfterMs` is set). With `catchUp` not by the log:
   * in any way that is safe, or by a copy only.
   */
  | (ChannelFrame & {
      readonly kind: 'broken';
      readonly code: string;
      readonly reason: string;
      readonly catchUp?: 'any' | 'copy';
      readonly retryAfterMs?: number;
    })
  /**
   * For all shards of one DB-Server that are streaming from the shared reader of this link: nothing is left unsent up to
   * `tick`. Sent instead of a heartbeat per shard (S20); ordered behind the operations it covers.
   */
  | {
      readonly kind: 'floor';
      readonly dbServer: string;
      readonly serverId: string;
      readonly tick: Tick;
      readonly readAt: number;
      /** Channels of this server that are not covered. */
      readonly except: readonly string[];
      readonly witnesses: readonly Witness[];
    }
  /** Streams that are opened and wait for their turn at the source: repeated while they do, in place of a frame of each (S20). */
  | { readonly kind: 'queued'; readonly streams: readonly string[]; readonly reason: string }
  /** The source's structure; body: the inventory as JSON. Channel is the inventory channel. */
  | (ChannelFrame & { readonly kind: 'inventory' });

export interface Frame {
  readonly header: FrameHeader;
  readonly body: Uint8Array;
}

/** The source worker's end of a link. */
export interface SenderLink {
  /** Id of the target deployment, from the link's token. */
  readonly targetId: string;
  /** Bytes pushed and not yet taken by the other side. Bounded: wait for {@link writable} before reading more. */
  readonly bufferedBytes: number;
  /** Queues a frame; order is kept. Throws when the link is closed. */
  push(frame: Frame): void;
  /** Resolves when the buffer is below its limit, rejects when the link closes or the signal fires. */
  writable(signal: AbortSignal): Promise<void>;
  /** Controls in order; ends when the link closes. */
  readonly controls: AsyncIterable<Control>;
  /** Aborted when the link is gone. */
  readonly closed: AbortSignal;
}

/** The target worker's end of a link. */
export interface ReceiverLink {
  /** Frames in order; ends (or throws) when the link closes. Not pulling stops the transfer: that is the back-pressure. */
  readonly frames: AsyncIterable<Frame>;
  /** Queues a control; order is kept. */
  send(control: Control): void;
  /** Source clock minus own clock, ms, estimated from the link's round trips; undefined until known. */
  readonly clockOffsetMs: number | undefined;
  readonly closed: AbortSignal;
  close(): void;
}
