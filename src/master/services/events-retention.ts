import { canonicalText } from '../../events/canonical.ts';
import type { Commit, Head, KeptLog } from '../../events/log.ts';
import { STATE_SCHEMA } from '../../projections/control-state.ts';
import type { EventsRetentionSettings } from '../events-keep.ts';
import type { Core } from '../reconcile/core.ts';
import { eventsBefore } from './events-paging.ts';

/**
 * A state is kept in the log this often within the part that is to be kept, because only there it can be cut: so at
 * most a quarter more than wanted stays.
 */
const MARKS_PER_PART = 4;
const READ_COMMITS = 500;
const EMPTY: Head = { position: 0, hash: '' };

interface Mark {
  readonly position: number;
  readonly atMs: number;
}

/**
 * Keeps the event log from growing for ever: the leader leaves its state in the log now and then, and lets go of what
 * lies before such a commit and is older than wanted, after it was written to an archive that verifies (S10, S22).
 */
export class EventsRetention {
  readonly #core: Core;
  readonly #settings: EventsRetentionSettings;
  #checkedAtMs = -Infinity;
  /** The newest state commit, as far as it is known in this term. */
  #mark: { readonly term: number; readonly mark: Mark | undefined } | undefined;

  constructor(core: Core, settings: EventsRetentionSettings) {
    this.#core = core;
    this.#settings = settings;
  }

  async step(signal: AbortSignal): Promise<void> {
    const nowMs = this.#core.ports.clock.monotonicMs();
    if (nowMs - this.#checkedAtMs < this.#settings.checkEveryMs) return;
    await this.#keepState(signal);
    await this.#cut(signal);
    this.#checkedAtMs = nowMs;
  }

  async #keepState(signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const { term } = control.state.leadership;
    if (this.#mark?.term !== term) this.#mark = { term, mark: await this.#newestMark(signal) };
    if (!this.#isMarkDue(this.#mark.mark)) return;
    const command = () =>
      ({
        kind: 'keep-state',
        schema: STATE_SCHEMA,
        state: JSON.parse(canonicalText(control.state)) as unknown,
      }) as const;
    await desk.internal(command, 'retention of events', signal);
    this.#mark = { term, mark: { position: control.head.position, atMs: ports.clock.now().getTime() } };
  }

  #isMarkDue(mark: Mark | undefined): boolean {
    const { keep } = this.#settings;
    const { control, ports } = this.#core;
    const { position } = control.head;
    if (keep.kind === 'count') return position - (mark?.position ?? 0) >= keep.commits / MARKS_PER_PART;
    const isNews = position > (mark?.position ?? 0);
    return isNews && ports.clock.now().getTime() - (mark?.atMs ?? 0) >= keep.ms / MARKS_PER_PART;
  }

  async #newestMark(signal: AbortSignal): Promise<Mark | undefined> {
    const { control, ports } = this.#core;
    const filter = { types: new Set(['LogArchived']) };
    for (let before = control.head.position + 1; ; ) {
      const { items, next, done } = await eventsBefore(ports.log, before, filter, 1, signal);
      const [found] = items;
      if (found !== undefined) return { position: found.position, atMs: Date.parse(found.at) };
      if (done) return undefined;
      before = next;
    }
  }

  async #cut(signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    const first = await ports.log.first(signal);
    const cut = await this.#newestCut(first, signal);
    if (cut === undefined) return;
    const path = await this.#settings.archive.write(first, cut - 1, commitsUpTo(ports.log, cut - 1, signal));
    desk.assertLeads();
    await ports.log.archiveBefore(cut, signal);
    ports.logger.info(`events ${first} to ${cut - 1} were moved to ${path}`);
  }

  /** The newest state commit before which nothing has to stay. */
  async #newestCut(first: number, signal: AbortSignal): Promise<number | undefined> {
    let cut: number | undefined;
    for await (const commit of commitsUpTo(this.#core.ports.log, Number.POSITIVE_INFINITY, signal)) {
      // The cut itself stays: it may be the first that must.
      if (commit.position > first && commit.events.some(({ type }) => type === 'LogArchived')) cut = commit.position;
      if (!this.#mayGo(commit)) return cut;
    }
    return cut;
  }

  #mayGo({ position, at }: Commit): boolean {
    const { keep } = this.#settings;
    const { control, ports } = this.#core;
    if (keep.kind === 'count') return position <= control.head.position - keep.commits;
    return Date.parse(at) < ports.clock.now().getTime() - keep.ms;
  }
}

/** From the first commit that is kept on. */
async function* commitsUpTo(log: KeptLog, last: number, signal: AbortSignal): AsyncGenerator<Commit> {
  let head = EMPTY;
  for (;;) {
    const commits = await log.read(head, READ_COMMITS, signal);
    for (const commit of commits) {
      if (commit.position > last) return;
      yield commit;
      head = { position: commit.position, hash: commit.hash };
    }
    if (commits.length === 0) return;
  }
}
