import { canonicalText } from '../../events/canonical.ts';
import type { KeptLog } from '../../events/log.ts';
import { LogArchivedPast, LogCorrupt } from '../../events/log-errors.ts';
import { STATE_SCHEMA } from '../../projections/control-state.ts';
import { diffJson } from '../../projections/diff.ts';
import type { EventFilter } from '../../projections/event-filter.ts';
import { type LogPlace, PlaceNotKept, projectionNames, projectionOf, replayTo } from '../../projections/replay.ts';
import { verifyEvents } from '../../projections/verify.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { CommitPage, EventPage, ReplayAnswer, VerifyLine } from '../../wire/events.ts';
import type { Core } from '../reconcile/core.ts';
import { commitsAfter, eventsAfter, eventsBefore } from './events-paging.ts';

/** No call is held longer, so that a proxy in between does not cut it. */
const WAIT_MS_MAX = 60_000;
/** Replays and verifications that one master runs at once: each reads the whole log and holds a state of its own. */
export const WHOLE_READS_MAX = 2;
/** Findings that are told one by one; the others are counted. */
export const FINDINGS_TOLD_MAX = 1_000;
const PROGRESS_EVERY_COMMITS = 5_000;

export interface EventsQuery {
  readonly filter: EventFilter;
  readonly limit: number;
}

/** Reads of the event log, for operators. Every master answers, from the log itself; none of it changes anything. */
export class EventsService {
  readonly #core: Core;
  #wholeReads = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Events behind a position. When there are none, waits for them up to `waitMs`. */
  async after(after: number, { filter, limit }: EventsQuery, waitMs: number, signal: AbortSignal): Promise<EventPage> {
    const { control, ports } = this.#core;
    const endMs = ports.clock.monotonicMs() + Math.min(waitMs, WAIT_MS_MAX);
    for (let position = after; ; ) {
      const seen = control.changes;
      const { items, next, done } = await this.#reading(() => eventsAfter(this.#log, position, filter, limit, signal));
      const leftMs = endMs - ports.clock.monotonicMs();
      if (items.length > 0 || !done || leftMs <= 0)
        return { events: [...items], next, done, log: await this.#extent(signal) };
      position = next;
      await control.waitForChange(leftMs, signal, seen);
      signal.throwIfAborted();
    }
  }

  /** The newest events, or the newest before a position. */
  async before(before: number | undefined, { filter, limit }: EventsQuery, signal: AbortSignal): Promise<EventPage> {
    const log = await this.#extent(signal);
    const from = Math.min(before ?? Number.POSITIVE_INFINITY, log.last + 1);
    const { items, next, done } = await this.#reading(() => eventsBefore(this.#log, from, filter, limit, signal));
    return { events: [...items], next, done, log };
  }

  /** One commit as it is stored. 404 where there is none. */
  async commit(position: number, signal: AbortSignal): Promise<object> {
    const { first, last } = await this.#extent(signal);
    if (position < first || position > last) {
      throw new ApiError(404, `no commit ${position}: the log holds ${first} to ${last}`);
    }
    const { items } = await this.#reading(() => commitsAfter(this.#log, position - 1, 1, signal));
    const [commit] = items;
    if (commit === undefined) throw new ApiError(404, `no commit ${position} any more: it was archived meanwhile`);
    return commit;
  }

  async commits(after: number, limit: number, signal: AbortSignal): Promise<CommitPage> {
    const { items, next, done } = await this.#reading(() => commitsAfter(this.#log, after, limit, signal));
    return { commits: items.map((commit) => ({ ...commit })), next, done, log: await this.#extent(signal) };
  }

  /** A projection as it was at `to`, or what changed in it between `from` and `to`. */
  async replay(
    projection: string,
    to: LogPlace,
    from: LogPlace | undefined,
    signal: AbortSignal,
  ): Promise<ReplayAnswer> {
    if (!projectionNames.includes(projection)) {
      throw new ApiError(400, `bad request: no projection ${projection}; there are ${projectionNames.join(', ')}`);
    }
    return await this.#wholeRead(async () => {
      const places = from === undefined ? [to] : [from, to];
      const planes = await this.#reading(() => replayTo(this.#log, places, signal));
      const shown = planes.map(({ state, position, at }) => ({ position, at, state: projectionOf(state, projection) }));
      const [first, second] = shown;
      if (first === undefined) throw new ApiError(500, 'a replay without a place');
      if (second === undefined) return { projection, ...first };
      const ends = {
        from: { position: first.position, at: first.at },
        to: { position: second.position, at: second.at },
      };
      return { projection, ...ends, changes: [...diffJson(first.state, second.state)] };
    });
  }

  /**
   * Verifies the whole log, and tells as it goes: the chain of hashes, the rules of the state machines, the snapshot in
   * the database and the state that this master runs on. `tell` may wait, when whoever listens is slow.
   */
  async verify(tell: (line: VerifyLine) => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#wholeRead(async () => {
      const { control, ports } = this.#core;
      await control.refresh(signal);
      const { head } = control;
      const own = { schema: STATE_SCHEMA, head, state: canonicalText(control.state) };
      const kept = [{ name: `the state of master ${this.#core.settings.masterId}`, snapshot: own }];
      const snapshot = await ports.snapshots.load(signal);
      if (snapshot !== undefined) kept.push({ name: 'the snapshot in the database', snapshot });
      const lines = new VerifyLines(tell, head.position);
      const result = await verifyEvents(lines.paced(this.#log), {
        kept: kept.filter(({ snapshot: { head: at } }) => at.position > 0),
        onFinding: (finding) => lines.finding(finding),
        onProgress: (position) => lines.progress(position),
        signal,
      });
      const { checked, ...figures } = result;
      await lines.end({ line: 'result', ...figures, checked: [...checked], untold: lines.untold });
    });
  }

  get #log(): KeptLog {
    return this.#core.ports.log;
  }

  async #extent(signal: AbortSignal): Promise<{ first: number; last: number }> {
    const [first] = await Promise.all([this.#log.first(signal), this.#core.control.refresh(signal)]);
    const last = this.#core.control.head.position;
    return { first: Math.min(first, Math.max(1, last)), last };
  }

  async #wholeRead<T>(read: () => Promise<T>): Promise<T> {
    if (this.#wholeReads >= WHOLE_READS_MAX) {
      throw new ApiError(
        503,
        `this master reads the whole log ${WHOLE_READS_MAX} times already; try again, or another`,
      );
    }
    this.#wholeReads += 1;
    try {
      return await read();
    } finally {
      this.#wholeReads -= 1;
    }
  }

  /** What can be wrong with the place that was asked for, or with the log, told to the caller. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof PlaceNotKept) throw new ApiError(404, error.message);
      if (error instanceof LogArchivedPast) throw new ApiError(404, `${error.message}; it was archived meanwhile`);
      if (error instanceof LogCorrupt && error.finding.problem === 'missing') throw new ApiError(404, error.message);
      if (error instanceof LogCorrupt) throw new ApiError(412, `${error.message}: run 'arangosync events verify'`);
      throw error;
    }
  }
}

/** Lines of a verification, held back only between two reads of the log. */
class VerifyLines {
  readonly #tell: (line: VerifyLine) => Promise<void>;
  readonly #last: number;
  #waiting: VerifyLine[] = [];
  #told = 0;
  #progressAt = 0;
  untold = 0;

  constructor(tell: (line: VerifyLine) => Promise<void>, last: number) {
    this.#tell = tell;
    this.#last = last;
  }

  finding(finding: Extract<VerifyLine, { line: 'finding' }>['finding']): void {
    if (this.#told >= FINDINGS_TOLD_MAX) {
      this.untold += 1;
      return;
    }
    this.#told += 1;
    this.#waiting.push({ line: 'finding', finding });
  }

  progress(position: number): void {
    if (position - this.#progressAt < PROGRESS_EVERY_COMMITS) return;
    this.#progressAt = position;
    this.#waiting.push({ line: 'progress', position, last: this.#last });
  }

  /** The log, read only as fast as its lines are taken. */
  paced(log: KeptLog): Pick<KeptLog, 'read' | 'count'> {
    return {
      read: async (after, limit, signal) => {
        await this.#flush();
        return log.read(after, limit, signal);
      },
      count: (signal) => log.count(signal),
    };
  }

  async end(result: VerifyLine): Promise<void> {
    await this.#flush();
    await this.#tell(result);
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    for (const line of lines) await this.#tell(line);
  }
}
