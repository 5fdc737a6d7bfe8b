import type { SettledSuspicion } from '../../domain/suspects/decide.ts';
import type { Suspect, Suspects } from '../../domain/suspects/state.ts';
import type { Core } from './core.ts';

/**
 * Watches suspect shards (S4): says when a quiet time is over, so that workers are told to compare, and drops suspicions of
 * shards that nobody receives any more, once nothing can land there.
 */
export class SuspectReconciler {
  readonly #core: Core;
  /** Positions of suspicions that workers may look into. */
  #ripe = new Set<number>();

  constructor(core: Core) {
    this.#core = core;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { control, desk, quiet } = this.#core;
    const { suspects } = control.state;
    quiet.note(suspects);
    if (suspects.size === 0) return;
    const ripe = ripeOf(suspects, (suspect) => quiet.leftMs(suspect) === 0);
    const isNews = [...ripe].some((position) => !this.#ripe.has(position));
    this.#ripe = ripe;
    const settled = this.#gone(suspects, ripe);
    if (settled.length > 0) await desk.internal({ kind: 'settle-suspicions', settled }, 'suspect shards', signal);
    // Those who wait for instructions look again.
    if (isNews) control.touch();
  }

  #gone(suspects: Suspects, ripe: ReadonlySet<number>): readonly SettledSuspicion[] {
    const { shards, synchronization } = this.#core.control.state;
    const isFollowed = synchronization.phase !== 'inactive';
    return [...suspects].flatMap(([key, { shard, position }]) =>
      ripe.has(position) && !(isFollowed && shards.byKey.has(key)) ? [{ shard, position, how: 'gone' as const }] : [],
    );
  }
}

function ripeOf(suspects: Suspects, isOver: (suspect: Suspect) => boolean): Set<number> {
  return new Set([...suspects.values()].flatMap((suspect) => (isOver(suspect) ? [suspect.position] : [])));
}
