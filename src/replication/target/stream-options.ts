import type { IndexDefinition } from '../inventory.ts';
import type { Checkpoint } from '../queue.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { Environment, TargetLimits } from './environment.ts';
import type { Inbox } from './inbox.ts';
import type { LinkSession } from './link-session.ts';
import type { ShardCheck } from './shard-check.ts';
import type { ShardProgress } from './shard-progress.ts';
import type { ShardTarget } from './shard-target.ts';
import type { ShardWriter } from './shard-writer.ts';
import type { Comparable } from './stored-position.ts';
import type { Settlement } from './suspect-comparison.ts';
import type { TargetBatch } from './target-batch.ts';
import type { ToldAnswers } from './told-answers.ts';

/** What one stream of a shard is applied with. */
export interface StreamOptions {
  readonly target: ShardTarget;
  readonly epoch: string;
  readonly sourceDeployment: string;
  /** With which the stream was opened. */
  readonly checkpoint: Checkpoint | undefined;
  /** How its documents can be compared with the source's; undefined: not by their revisions. */
  readonly compare: Comparable | undefined;
  /** Something of the source's shard may be there already. */
  readonly isBegun: boolean;
  /** Largest revision ever applied before, `''` when unknown. */
  readonly forkRevision: string;
  /** Ask for the source's tree before going on: the target may have lost writes (S6). */
  readonly verify: boolean;
  readonly inbox: Inbox;
  readonly link: LinkSession;
  readonly writer: ShardWriter;
  /** Drops the target's unique indexes that are none of the source's; tells their names (S13). */
  readonly dropSurplusUnique: (source: readonly IndexDefinition[], signal: AbortSignal) => Promise<readonly string[]>;
  /** Of the shard with the same index, or of any into which its documents go. */
  readonly openBatch: (signal: AbortSignal, shard?: ShardTarget['shards'][number]) => Promise<TargetBatch>;
  /** What the target has under these keys. */
  readonly stored: (keys: readonly string[], signal: AbortSignal) => Promise<readonly (Buffer | undefined)[]>;
  /** Must be done before the first document is written by which the shard is caught up with (crash safety). */
  readonly beforeCatchUp: (reason: string, signal: AbortSignal) => Promise<void>;
  /** The sender serves another collection than the one that is known here to be followed. */
  readonly onOtherSource: () => void;
  readonly onProgress: () => void;
  /** The shard was compared with the source, or caught up with: what a restart of the target lost is back. */
  readonly onVerified: (how: Settlement, suspicion: number | undefined) => void;
  /** Names why the shard is suspect, once nothing old can land any more (S4). Asked before the target is looked at. */
  readonly suspicion: () => number | undefined;
  /** A restart of the target, or a late write, may have made it differ: then what differs is moved at once. */
  readonly isDoubtful: () => boolean;
  /** What somebody wants to be told of the shard. */
  readonly check: ShardCheck;
  /** Where it is compared by key and content: takes what the source tells for it. */
  readonly told: ToldAnswers;
  readonly progress: ShardProgress;
  readonly environment: Environment;
  readonly lines: ShardLines;
  readonly limits: TargetLimits;
}
