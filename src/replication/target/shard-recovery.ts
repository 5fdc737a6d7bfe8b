import type { ShardRef } from '../../wire/shards.ts';
import { ReopenStream, TargetChanged } from './failures.ts';
import { isOutage } from './openings.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import { endsByItself, isExplained, pauseAfter } from './recovery.ts';
import type { ShardProgress } from './shard-progress.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';
import type { StoredPosition } from './stored-position.ts';

type Parts = Pick<ReceiverParts, 'directory' | 'environment' | 'lines'>;

/** What follows the end of a shard's stream: what is shown and logged, what is forgotten, and the pause before the next. */
export class ShardRecovery {
  readonly #ref: ShardRef;
  readonly #parts: Parts;
  readonly #position: StoredPosition;
  readonly #progress: ShardProgress;
  #failures = 0;

  constructor(ref: ShardRef, parts: Parts, position: StoredPosition, progress: ShardProgress) {
    this.#ref = ref;
    this.#parts = parts;
    this.#position = position;
    this.#progress = progress;
  }

  progressed(): void {
    this.#failures = 0;
  }

  async after(error: unknown, target: ShardTarget | undefined, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    const text = error instanceof Error ? error.message : String(error);
    // A position that cannot be withdrawn now is before the copy begins; the pause is due all the same.
    if (endsByItself(error)) await this.#passing(error, text, target).catch(() => undefined);
    else this.#failed(error, text);
    this.#progress.statusMessage = text;
    await this.#parts.environment.sleep(pauseAfter(error, this.#failures), signal);
  }

  async #passing(error: unknown, text: string, target: ShardTarget | undefined): Promise<void> {
    const { directory, lines } = this.#parts;
    this.#progress.status = 'initializing';
    // What concerns all is told once, by the openings.
    if (!isOutage(error)) lines.say('info', 'a shard opens its stream again', text, { shard: shardLabel(this.#ref) });
    if (error instanceof TargetChanged) directory.forget(this.#ref.database);
    if (error instanceof ReopenStream && error.catchUpBecause !== undefined) {
      await this.#position.wantCatchUp(target, error.catchUpBecause, error.copy);
    }
  }

  #failed(error: unknown, text: string): void {
    this.#progress.status = 'failed';
    const fields = { shard: shardLabel(this.#ref), ...(isExplained(error) ? {} : { error }) };
    this.#parts.lines.say('error', 'a shard failed', text, fields);
  }
}
