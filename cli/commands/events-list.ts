import { EVENTS_PAGE_MAX, EventPage, type ListedEvent } from '../../src/wire/events.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { filterOptions, filterQuery, queryText } from '../events/filter-options.ts';
import { EVENT_HEAD, eventLine, eventRow } from '../events/show-events.ts';
import type { MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { integer, oneOf } from '../options.ts';
import { formatTable } from '../table.ts';

const NANOSECONDS_PER_MS = 1_000_000;
/** Held by the master for so long; then the same is asked again. */
const TAIL_WAIT_MS = 25_000;
const TAIL_PAUSE_MS = 1_000;
const TAIL_ATTEMPTS_MAX = 30;
/** A list is held until it can be shown; an export has no limit. */
const LIST_EVENTS_MAX = 100_000;

const output = oneOf('output', ['table', 'json'], 'table', {
  description: 'Form of the output; json is a line per event',
});

export const eventsList = defineCommand({
  words: 'events list',
  summary: 'Show the newest events of the log, oldest first: commands, refusals, and every decision of the masters',
  options: {
    ...masterOptions,
    ...filterOptions,
    limit: integer('limit', 100, { placeholder: 'number', description: 'Events to show' }),
    output,
  },
  run: async (values, terminal) => {
    const { limit } = values;
    if (limit < 1 || limit > LIST_EVENTS_MAX)
      throw new UsageError(`--limit must be from 1 to ${LIST_EVENTS_MAX}, not ${limit}`);
    const query = filterQuery(values);
    const { events } = await withMasters(values, terminal, (masters) => newest(masters, query, limit));
    if (values.output === 'json') for (const event of events) terminal.out(JSON.stringify(event));
    else terminal.out(formatTable(EVENT_HEAD, events.map(eventRow)));
    return 0;
  },
});

export const eventsTail = defineCommand({
  words: 'events tail',
  summary: 'Show events as they happen, until interrupted',
  options: {
    ...masterOptions,
    ...filterOptions,
    lines: integer('lines', 10, { placeholder: 'number', description: 'Events of before to show first' }),
    output,
  },
  run: async (values, terminal) => {
    const query = filterQuery(values);
    const show = (event: ListedEvent) =>
      terminal.out(values.output === 'json' ? JSON.stringify(event) : eventLine(event));
    await withMasters(values, terminal, async (masters) => {
      const { events, last } = await newest(masters, query, values.lines);
      for (const event of events) show(event);
      await follow(masters, query, last, show, terminal.interrupted);
    });
    return 0;
  },
});

/** The newest events, oldest first, and the position up to which the log was looked at. */
async function newest(
  masters: MasterClient,
  query: Readonly<Record<string, string>>,
  limit: number,
): Promise<{ events: readonly ListedEvent[]; last: number }> {
  const pages: (readonly ListedEvent[])[] = [];
  let [found, before, last] = [0, undefined as number | undefined, undefined as number | undefined];
  for (let done = false; !done && (found < limit || last === undefined); ) {
    const part = Math.max(1, Math.min(limit - found, EVENTS_PAGE_MAX));
    const path = `/_api/events${queryText({ ...query, order: 'newest', before, limit: part })}`;
    const page = await masters.ask({ method: 'GET', path }, EventPage);
    pages.unshift(page.events);
    found += page.events.length;
    last ??= page.log.last;
    [before, done] = [page.next, page.done];
  }
  const events = pages.flat();
  return { events: limit === 0 ? [] : events.slice(-limit), last: last ?? 0 };
}

/** Every event behind a position, once, whichever master answers; goes on over a change of masters. */
async function follow(
  masters: MasterClient,
  query: Readonly<Record<string, string>>,
  from: number,
  show: (event: ListedEvent) => void,
  interrupted: AbortSignal,
): Promise<void> {
  let after = from;
  while (!interrupted.aborted) {
    const wait = TAIL_WAIT_MS * NANOSECONDS_PER_MS;
    const path = `/_api/events${queryText({ ...query, after, limit: EVENTS_PAGE_MAX, wait })}`;
    const call = { method: 'GET', path, signal: interrupted } as const;
    const page = await patiently(() => masters.ask(call, EventPage), interrupted);
    if (page === undefined) return;
    for (const event of page.events) show(event);
    after = page.next;
  }
}

/** Masters may all be away for a moment, while they are started anew. Undefined when interrupted. */
async function patiently<T>(ask: () => Promise<T>, interrupted: AbortSignal): Promise<T | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (interrupted.aborted) return undefined;
      if (attempt === TAIL_ATTEMPTS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, TAIL_PAUSE_MS));
    }
  }
}
