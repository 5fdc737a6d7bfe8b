import type { Barrier } from '../domain/outgoing/state.ts';

/**
 * So long a target may not know of a barrier that it has here: what sets one has its time-outs, and records it at the
 * target when it is answered.
 */
const strayMs = 30_000;

type Held = Pick<Barrier, 'epoch' | 'setAs'>;

/**
 * Finds barriers that nobody will ever lift: set by a call that landed after the target had thought better of it, or
 * forgotten by a log that lost its end. By what contacts say again and again; a new leader begins to count anew.
 */
export class StrayBarriers {
  readonly #since = new Map<string, { readonly epoch: string; readonly ms: number }>();

  /**
   * `barrier`: the one that the target has here; `known`: epoch of the one it knows of. True when it is to be lifted.
   */
  isStray(targetId: string, barrier: Held | undefined, known: string | null, nowMs: number): boolean {
    const held = barrier?.setAs;
    if (held === undefined || held === known || barrier?.epoch === known) {
      this.#since.delete(targetId);
      return false;
    }
    const since = this.#since.get(targetId);
    if (since?.epoch === held) return nowMs - since.ms >= strayMs;
    this.#since.set(targetId, { epoch: held, ms: nowMs });
    return false;
  }

  clear(): void {
    this.#since.clear();
  }
}
