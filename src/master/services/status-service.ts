import { ApiError } from '../../wire/api-error.ts';
import type { BothEnds, OtherEnd, SourceEnd } from '../../wire/both-ends.ts';
import type { Caller } from '../../wire/caller.ts';
import type { Core } from '../reconcile/core.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import type { OutgoingService } from './outgoing-service.ts';
import type { SyncService } from './sync-service.ts';

/** Whoever asks for a status wants to know soon, above all when something does not answer. */
const otherEndTimeoutMs = 5_000;

type Details = 'full' | 'short';

/** How a synchronization fares at both of its ends; every master answers. */
export class StatusService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #sync: SyncService;
  readonly #outgoing: OutgoingService;

  constructor(core: Core, link: SourceLink, sync: SyncService, outgoing: OutgoingService) {
    this.#core = core;
    this.#link = link;
    this.#sync = sync;
    this.#outgoing = outgoing;
  }

  /** This end, and what the source's masters say of theirs. A source that does not answer is said, never left out. */
  async both(details: Details, signal: AbortSignal): Promise<BothEnds> {
    const info = this.#sync.info(details);
    if (this.#core.control.state.synchronization.configuration === null) return info;
    return { ...info, otherEnd: await this.#otherEnd(details, signal) };
  }

  /** This end of a target's synchronization, for the target's masters. */
  atSource(targetId: string, details: Details, caller: Caller): SourceEnd {
    this.#outgoing.assertOwns(targetId, caller);
    const outgoing = this.#sync.info(details).outgoing?.find(({ id }) => id === targetId);
    if (outgoing === undefined) throw new ApiError(404, `no target ${targetId} is registered here`);
    return { id: this.#core.ports.deployment.id, outgoing };
  }

  async #otherEnd(details: Details, signal: AbortSignal): Promise<OtherEnd> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(otherEndTimeoutMs)]);
    try {
      const masters = await this.#link.masters(bounded);
      return await masters.status(this.#core.ports.deployment.id, details, bounded);
    } catch (error) {
      signal.throwIfAborted();
      if (bounded.aborted) return { error: `the source did not answer within ${otherEndTimeoutMs / 1_000} s` };
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}
