import { CommitPage, EventPage, ReplayAnswer, StoredCommit, VerifyLine } from '../../../../wire/events.ts';
import { named, type Operations } from '../operation.ts';

const time = 'a time such as 2024-05-06T07:08:09Z';

/** The event log for operators. */
export const eventsOperations: Operations = {
  'GET /_api/events': {
    id: 'listEvents',
    summary: 'Events in the order of the log, or the newest first, a page at a time',
    query: {
      after: { description: 'position behind which to begin' },
      before: { description: 'position before which to begin, with order=newest' },
      order: { description: 'newest: from the end on', values: ['newest'] },
      limit: { description: 'events at most' },
      wait: { description: 'nanoseconds to wait for new events when there are none' },
      types: { description: 'event types, separated by commas' },
      shard: { description: 'database/collection/index' },
      task: { description: 'id of a task' },
      worker: { description: 'id of a worker' },
      since: { description: time },
      until: { description: time },
    },
    answer: named('EventPage', EventPage),
  },
  'GET /_api/events/commits': {
    id: 'exportCommits',
    summary: 'Commits exactly as they are stored, for a file that can be verified',
    query: { after: { description: 'position behind which to begin' }, limit: { description: 'commits at most' } },
    answer: named('CommitPage', CommitPage),
  },
  'GET /_api/events/commit/:position': {
    id: 'getCommit',
    summary: 'One commit exactly as it is stored',
    answer: named('StoredCommit', StoredCommit),
    failures: { 404: 'there is no such commit, or it was archived' },
  },
  'GET /_api/events/replay': {
    id: 'replayEvents',
    summary: 'The state as it was at a place in the log, or what changed between two',
    query: {
      to: { description: `a position, or ${time}` },
      from: { description: `a position, or ${time}: then the difference is answered` },
      projection: { description: 'part of the state; all by default' },
    },
    answer: named('ReplayAnswer', ReplayAnswer),
    failures: { 404: 'there is no such projection or place, or it was archived' },
  },
  'POST /_api/events/verify': {
    id: 'verifyEvents',
    summary: 'Checks the whole log; one JSON object per line: progress, findings, the result',
    answer: { lines: named('VerifyLine', VerifyLine) },
  },
};
