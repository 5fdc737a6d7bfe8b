/**
 * The port between a source worker and a target worker. One *link* joins a pair of workers and carries the messages of
 * all shards between them: frames from source to target, controls from target to source, each in order. A link that
 * breaks loses nothing silently: both ends learn it (`closed`), and the target opens every channel again from its
 * checkpoints. Direct queue: `adapters/mq/direct`; in memory, for tests and the raw benchmark: `replication/memory-link.ts`.
 */

import type { Urgency } from './throttle/throttle.ts';

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
      /**
       * Revisions tell nothing: the two sides have other shards, or one of them no trees. The shard is caught up with by
       * keys and contents: all of the snapshot is sent, and the receiver asks which of its own keys the source lacks.
       */
      readonly byContent?: true;
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
  /**
   * Ask for the shard's tree at a point of the stream, to be answered by a `tree` frame; or, for a check, for its contents.
   * What is asked for a check and cannot be told is answered by `untold`: it ends no stream. On an inventory channel: send the
   * structure as it is now, for a check just once.
   */
  | { readonly kind: 'verify'; readonly channel: string; readonly stream: string; readonly check?: CheckQuestion }
  /** A unique index refuses a document: which indexes does the source have now? Answered by an `indexes` frame (S13). */
  | { readonly kind: 'indexes'; readonly channel: string; readonly stream: string }
  | ({ readonly channel: string; readonly stream: string } & DifferenceQuestion);

/** What a check asks of the source: its tree, or what its documents hold. */
export type CheckQuestion = 'tree' | ContentQuestion | DocumentQuestion;

/** What a check asks where revisions tell nothing. Answered beside the stream, in the order of the questions. */
export type DocumentQuestion = ScanQuestion | LookQuestion;

/**
 * The next documents of the shard at one snapshot, told by digests and in no order that is promised; answered by `scanned`.
 * 0 begins with another snapshot; it is kept for a while, until the next piece is asked for.
 */
export interface ScanQuestion {
  readonly scan: number;
}

/** What stands under these keys now; answered by `looked`. */
export interface LookQuestion {
  readonly look: readonly string[];
  /** `everywhere`: in each shard of a collection that is not distributed by its keys. */
  readonly of: 'shard' | 'collection' | 'everywhere';
  /** Where the logs of all shards ended after the documents were read. */
  readonly ends?: true;
}

/** Where a server's log ended. */
export interface LogEnd {
  readonly serverId: string;
  readonly tick: Tick;
}

/** Asks for a slice of a shard's documents in the order of their revisions, told by digests; answered by `contents`. */
export interface ContentQuestion {
  /** The slice begins behind this revision; absent: at the first. */
  readonly behind?: string;
  /** `text`: one digest over the documents as the server prints them. `value`: one for each, over what it means. */
  readonly form: 'text' | 'value';
}

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
  /**
   * By content only: which of these keys has the source not, in the shard or in the whole collection? Asked of what is there
   * now, not of the snapshot. Answered by an `absent` frame each, in order.
   */
  | { readonly kind: 'absent'; readonly keys: readonly string[]; readonly of: 'shard' | 'collection' }
  /**
   * Of a collection whose documents may move from shard to shard: what stands under these keys now, in any of them? Asked in
   * any state of the stream. Answered by a `found` frame each, in order.
   */
  | { readonly kind: 'find'; readonly keys: readonly string[] }
  /** Nothing is missing any more: the stream goes on with the log. */
  | { readonly kind: 'compared' };

interface ChannelFrame {
  readonly channel: string;
  readonly stream: string;
  /** Counts the frames of a stream from 1 without gaps: a receiver refuses any other than the next (S15). */
  readonly seq: number;
}

/**
 * Header of a frame, source → target. `asOf` is the source worker's wall clock, ms since 1970: once the frame is applied, the
 * shard shows everything that the source had acknowledged before; absent while no such moment is known. Bodies hold one
 * document or operation a line and are never parsed on the way.
 */
export type FrameHeader =
  /** First frame of a stream: how the sender serves it, and from which server. */
  | (ChannelFrame & {
      readonly kind: 'opened';
      readonly way: 'tail' | 'copy' | 'difference' | 'content';
      readonly reason: string;
      readonly sourceDeployment: string;
      readonly dbServer: string;
      readonly serverId: string;
      readonly cuid: string;
      /** `tail`: the position from which it goes on (the checkpoint's). Else: the snapshot's tick, where the log continues. */
      readonly from: Tick;
      /** `copy` and `content` only: documents in the snapshot. */
      readonly expectedDocuments?: number;
      /** `tail` only: where the log ended when the stream opened. Nothing behind it was applied before by anybody (S13). */
      readonly logEnd?: Tick;
      /** How the source's collection is cut, for a receiver that was not told by the inventory. */
      readonly sharding?: { readonly shards: number; readonly keys: readonly string[]; readonly strategy: string };
    })
  /**
   * Definitions of the source's indexes, as JSON, as they were read when the receiver asked, or just before it is caught
   * up with.
   */
  | (ChannelFrame & { readonly kind: 'indexes' })
  /** `difference` only, behind `opened`: the snapshot's revision tree as the server prints it (reference 5.8.2). */
  | (ChannelFrame & { readonly kind: 'digest' })
  /** Answer to `list`: revisions, ascending, as `revision-list.ts` packs them; `resume`: where the rest begins. */
  | (ChannelFrame & { readonly kind: 'revisions'; readonly resume?: string })
  /** Answer to `find`: bare documents, `\n`-terminated, those that there are. */
  | (ChannelFrame & { readonly kind: 'found' })
  /** Answer to `absent`; body: a JSON array of the keys that the source has not. */
  | (ChannelFrame & { readonly kind: 'absent' })
  /** A piece of the snapshot: bare documents in the server's order, that of revisions where it has one, `\n`-terminated. */
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
      readonly asOf?: number;
    })
  /** Tree of the source shard at exactly `tick`, which is the receiver's position when the frame arrives. */
  | (ChannelFrame & { readonly kind: 'tree'; readonly tick: Tick; readonly count: number; readonly hash: string })
  /**
   * Answer to a {@link ContentQuestion}: a slice of what the shard holds at exactly `tick`, which is the receiver's position
   * when the frame arrives. The body of form `value` is what `shard-contents.ts` packs, that of `text` is empty.
   */
  | (ChannelFrame & {
      readonly kind: 'contents';
      readonly tick: Tick;
      readonly form: 'text' | 'value';
      readonly behind?: string;
      /** Last revision of the slice; absent: it reaches to the end of the shard. */
      readonly to?: string;
      readonly count: number;
      readonly hash: string;
    })
  /** Answer to a {@link ScanQuestion}; body: what `shard-contents.ts` packs. */
  | (ChannelFrame & { readonly kind: 'scanned'; readonly piece: number; readonly last: boolean })
  /** Answer to a {@link LookQuestion}, of those keys that have a document; body: what `shard-contents.ts` packs. */
  | (ChannelFrame & { readonly kind: 'looked'; readonly ends: readonly LogEnd[] })
  /** What was asked for a check cannot be told. */
  | (ChannelFrame & { readonly kind: 'untold'; readonly reason: string })
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
      readonly asOf?: number;
      /** Bytes of log that the reader of this link has read, over all shards of the server: counts up. */
      readonly readBytes?: number;
      /** Estimate of what the log held beyond that when the frame was made, by what its ticks weighed of late. */
      readonly unreadBytes?: number;
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
  /**
   * Resolves when the buffer is below its limit, for the log (default) before copies; rejects when the link closes or the
   * signal fires.
   */
  writable(signal: AbortSignal, urgency?: Urgency): Promise<void>;
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
