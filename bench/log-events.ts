import { type CommitHasher, headOf, sealCommit } from '../src/events/chain.ts';
import type { Commit, Head } from '../src/events/log.ts';
import { type NewEvent, toEvents } from '../src/events/vocabulary.ts';

const SHARDS = 1_000;
const WORKERS = 8;
const LEADER = { masterId: 'a'.repeat(32), endpoint: 'https://master-1.dc-b.example:8629' };
const STATUSES = ['initial-sync', 'running', 'failed'] as const;
const START_MS = Date.UTC(2024, 0, 1);

/** How many events the commits hold, one after the other. */
export type Grouping = readonly number[];

/**
 * A log as a leader with 8 workers and 1,000 shards writes it over months: the beginning, then shards that change, and now
 * and then a task that moves. `events` in all; commits hold as many as `grouping` says.
 */
export function* logOf(events: number, grouping: Grouping, hasher: CommitHasher): Generator<Commit> {
  let head: Head = { position: 0, hash: '' };
  let drawn = 0;
  const newId = () => String(++drawn).padStart(26, '0');
  const seal = (decided: readonly NewEvent[], cause: string) => {
    const at = new Date(START_MS + head.position * 1_000).toISOString();
    const draft = { term: 1, writer: LEADER.masterId, at, cause, events: toEvents(decided, newId) };
    const commit = sealCommit(head, draft, hasher);
    head = headOf(commit);
    return commit;
  };
  yield seal([{ type: 'LeadershipClaimed', data: { term: 1, ...LEADER } }], 'election');
  yield seal(beginning(), 'structure report');
  for (let round = 0; drawn < events; round += 1) {
    const count = Math.min(grouping[round % grouping.length] ?? 1, events - drawn);
    const decided = Array.from({ length: count }, (_, item) => nextEvent(drawn + item));
    yield seal(decided, `report of worker worker-${round % WORKERS}`);
  }
}

function shardAt(index: number) {
  return { database: 'shop', collection: `orders-${Math.floor(index / 8)}`, shardIndex: index % 8 };
}

function channelsAt(index: number) {
  return { data: `sync_dcbaaaaa.data${index}`, control: `sync_dcbaaaaa.control${index}` };
}

const taskId = (index: number) => `task${String(index).padStart(12, '0')}`;
const workerId = (index: number) => `worker-${index}`;

function beginning(): readonly NewEvent[] {
  const indexes = Array.from({ length: SHARDS }, (_, index) => index);
  const workers = Array.from({ length: WORKERS }, (_, index) => index);
  return [
    { type: 'MasterRegistered', data: { ...LEADER, publicEndpoints: [LEADER.endpoint] } },
    ...workers.map(
      (index): NewEvent => ({
        type: 'WorkerRegistered',
        data: { workerId: workerId(index), endpoint: `https://worker-${index}:8729`, serverId: index + 1 },
      }),
    ),
    {
      type: 'SyncConfigured',
      data: {
        ...{ epoch: 'epoch1', source: ['https://a:8629'], credentialId: 'credential', fingerprint: 'fingerprint' },
        ...{ caFingerprint: 'ca', inventoryChannel: 'sync_dcaaaaaa.inventory' },
      },
    },
    {
      type: 'ShardsAdded',
      data: { shards: indexes.map((index) => ({ shard: shardAt(index), channels: channelsAt(index) })) },
    },
    {
      type: 'TasksCreated',
      data: {
        tasks: indexes.map((index) => ({
          taskId: taskId(index),
          type: 'receive-shard',
          peerId: 'dc-a',
          channels: channelsAt(index),
          shard: shardAt(index),
        })),
      },
    },
    {
      type: 'TasksAssigned',
      data: {
        assignments: indexes.map((index) => ({
          taskId: taskId(index),
          workerId: workerId(index % WORKERS),
          counter: 1,
        })),
      },
    },
  ];
}

/** Nine of ten: a shard changes. The tenth: a task is taken, or given. */
function nextEvent(number: number): NewEvent {
  const index = number % SHARDS;
  const round = Math.floor(number / SHARDS);
  if (number % 10 === 9) {
    const task = taskId(index);
    if (round % 2 === 0)
      return { type: 'TasksUnassigned', data: { taskIds: [task], reason: 'moves to a worker with less' } };
    const assignment = { taskId: task, workerId: workerId((index + round) % WORKERS), counter: (round + 3) / 2 };
    return {
      type: 'TasksAssigned',
      data: { assignments: [{ ...assignment, counter: Math.floor(assignment.counter) }] },
    };
  }
  const status = STATUSES[round % STATUSES.length] ?? 'running';
  const message = status === 'failed' ? 'document 4711: the disk is full' : '';
  const change = { shard: shardAt(index), status, message, way: 'tail', reason: 'the log goes on' } as const;
  return { type: 'ShardStatesChanged', data: { changes: [change] } };
}
