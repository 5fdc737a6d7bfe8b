import { actorOf } from '../../events/actor.ts';
import type { Commit, Head, KeptLog } from '../../events/log.ts';
import { LogArchivedPast } from '../../events/log-errors.ts';
import { type EventFilter, eventsOf } from '../../projections/event-filter.ts';
import type { ListedEvent } from '../../wire/events.ts';

/** Commits that one call looks at, at most: a search that finds nothing must not hold the caller, or us, for long. */
export const SCAN_COMMITS_MAX = 20_000;
/** An answer is complete once it holds this much; one commit can exceed it (`COMMIT_BYTES_MAX`). */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const READ_COMMITS = 500;
const EMPTY: Head = { position: 0, hash: '' };

export interface Page<T> {
  readonly items: readonly T[];
  /** The last position that was looked at (forward), or the first (backward): go on behind it. */
  readonly next: number;
  /** Nothing is left in that direction. */
  readonly done: boolean;
}

/** Collects up to `limit` events behind a position, in the order of the log. */
export async function eventsAfter(
  log: KeptLog,
  after: number,
  filter: EventFilter,
  limit: number,
  signal: AbortSignal,
): Promise<Page<ListedEvent>> {
  const page = new PageOfEvents(filter);
  let head = await enter(log, after, signal);
  for (let scanned = 0; scanned < SCAN_COMMITS_MAX; ) {
    const commits = await log.read(head, READ_COMMITS, signal);
    if (commits.length === 0) return { items: page.items, next: head.position, done: true };
    for (const commit of commits) {
      if (page.isFull(limit)) return { items: page.items, next: head.position, done: false };
      page.add(commit);
      head = { position: commit.position, hash: commit.hash };
    }
    scanned += commits.length;
  }
  return { items: page.items, next: head.position, done: false };
}

/** Collects up to `limit` of the newest events before a position (all: after the end), in the order of the log. */
export async function eventsBefore(
  log: KeptLog,
  before: number,
  filter: EventFilter,
  limit: number,
  signal: AbortSignal,
): Promise<Page<ListedEvent>> {
  const first = await log.first(signal);
  const page = new PageOfEvents(filter);
  let position = before;
  for (let scanned = 0; position > first && scanned < SCAN_COMMITS_MAX; scanned += READ_COMMITS) {
    const from = Math.max(first, position - READ_COMMITS);
    const part = await readPart(log, from, position - from, signal);
    for (const commit of part.toReversed()) {
      if (page.isFull(limit)) return { items: page.items.toReversed(), next: position, done: false };
      page.addBackward(commit);
      position = commit.position;
    }
    position = from;
  }
  return { items: page.items.toReversed(), next: Math.max(position, first), done: position <= first };
}

/** Commits behind a position as they are stored, by count and bytes. */
export async function commitsAfter(
  log: KeptLog,
  after: number,
  limit: number,
  signal: AbortSignal,
): Promise<Page<Commit>> {
  const items: Commit[] = [];
  let head = await enter(log, after, signal);
  for (let bytes = 0; items.length < limit && bytes < PAGE_BYTES_MAX; ) {
    const commits = await log.read(head, Math.min(READ_COMMITS, limit - items.length), signal);
    if (commits.length === 0) return { items, next: head.position, done: true };
    for (const commit of commits) {
      if (bytes >= PAGE_BYTES_MAX) break;
      items.push(commit);
      bytes += JSON.stringify(commit).length;
      head = { position: commit.position, hash: commit.hash };
    }
  }
  return { items, next: head.position, done: false };
}

/** The head to read on from: the beginning, when what is behind the position was archived. */
async function enter(log: KeptLog, after: number, signal: AbortSignal): Promise<Head> {
  try {
    return await log.headAt(after, signal);
  } catch (error) {
    if (!(error instanceof LogArchivedPast)) throw error;
    return EMPTY;
  }
}

/** Exactly the commits from a position on: `read` may bring fewer at once. */
async function readPart(log: KeptLog, from: number, count: number, signal: AbortSignal): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  let head = await enter(log, from - 1, signal);
  while (commits.length < count) {
    const part = await log.read(head, count - commits.length, signal);
    const last = part.at(-1);
    if (last === undefined) break;
    commits.push(...part);
    head = { position: last.position, hash: last.hash };
  }
  return commits;
}

/** Events with what their commits say of them. A commit is taken whole, so that a page ends between commits. */
class PageOfEvents {
  readonly items: ListedEvent[] = [];
  readonly #filter: EventFilter;
  #bytes = 0;

  constructor(filter: EventFilter) {
    this.#filter = filter;
  }

  isFull(limit: number): boolean {
    return this.items.length >= limit || this.#bytes >= PAGE_BYTES_MAX;
  }

  add(commit: Commit): void {
    for (const event of listedEvents(commit, this.#filter)) this.#push(event);
  }

  addBackward(commit: Commit): void {
    for (const event of listedEvents(commit, this.#filter).toReversed()) this.#push(event);
  }

  #push(event: ListedEvent): void {
    this.items.push(event);
    this.#bytes += JSON.stringify(event).length;
  }
}

function listedEvents(commit: Commit, filter: EventFilter): readonly ListedEvent[] {
  const { position, at, term, writer, cause } = commit;
  const events = eventsOf(commit, filter);
  if (events.length === 0) return [];
  const actor = actorOf(commit);
  const by = actor === undefined ? {} : { actor };
  return events.map(({ id, type, v, data }) => ({ position, id, type, v, at, term, writer, cause, ...by, data }));
}
