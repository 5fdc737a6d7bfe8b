import type { OutgoingHeartbeat, WireHead } from '../wire/outgoing.ts';

/**
 * Where the logs of our targets end, as they told with their contacts, every few seconds: the end of a log that went back
 * shows by this, also when it has grown again since (S18, S22). Leaders remember it for their term; the log itself would
 * grow with each contact.
 */
export class TargetHeads {
  readonly #heads = new Map<string, WireHead>();

  clear(): void {
    this.#heads.clear();
  }

  /**
   * The head that the target's log has to contain; undefined for one that tells none. It stays the same until the target has
   * looked: an answer may be lost, and who leads there next may not know of it. A target that begins anew begins here too.
   */
  take(targetId: string, { head, contains, remembered }: OutgoingHeartbeat): WireHead | undefined {
    const known = this.#heads.get(targetId);
    if (head === undefined) return known;
    const isLookedAt = contains?.position === known?.position && contains?.hash === known?.hash;
    if (known !== undefined && remembered !== undefined && !isLookedAt) return known;
    this.#heads.set(targetId, head);
    return head;
  }
}
