import fc from 'fast-check';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import type { Command } from '../../src/domain/decide.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Context } from '../../src/domain/decision.ts';
import { rejectionOf } from '../../src/domain/rejections/decide.ts';
import type { ChainedLog } from '../../src/events/chained-log.ts';
import type { Commit } from '../../src/events/log.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { toEvents } from '../../src/events/vocabulary.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';

const id = (prefix: string) => fc.integer({ min: 1, max: 4 }).map((number) => `${prefix}${number}`);
const shard = fc.record({
  database: fc.constantFrom('d', 'e/%'),
  collection: fc.constantFrom('c', 'ü 🂡'),
  shardIndex: fc.nat(2),
});
const channels = fc.record({ data: id('data'), control: id('control') });
const status = fc.constantFrom('initializing' as const, 'initial-sync' as const, 'running' as const, 'failed' as const);
const kind = <K extends Command['kind']>(name: K) => fc.constant(name);
const head = fc.record({ position: fc.nat(300), hash: id('hash') });

const found = { deploymentId: 'a', version: '3.12.10', follows: [], ownDeploymentId: 'b' };
const pattern = fc.constantFrom('d', 'e\\/%', 'd/c', '*/c', '*');

/** What happens all the time, and what a synchronization needs to get anywhere. */
const usual: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: kind('register-worker'), workerId: id('w'), endpoint: id('https://w') }),
  fc.record({
    kind: kind('configure-sync'),
    source: fc.array(id('https://a'), { minLength: 1, maxLength: 2 }),
    credentialId: id('credential'),
    fingerprint: id('keys'),
    caFingerprint: id('ca'),
    found: fc.constant(found),
  }),
  fc.record({
    kind: kind('configure-sync'),
    source: fc.constant(['https://a1', 'https://a2', 'https://a3', 'https://a4']),
    credentialId: id('credential'),
    fingerprint: id('keys'),
    caFingerprint: id('ca'),
    found: fc.constant(found),
    selection: fc.record({
      include: fc.array(pattern, { maxLength: 2 }),
      exclude: fc.array(pattern, { maxLength: 1 }),
    }),
    changeSelection: fc.constantFrom(true, true, false),
  }),
  fc.record({
    kind: kind('identify-source'),
    deploymentId: fc.constantFrom('a', 'a', 'a', 'x'),
    version: fc.constantFrom('3.12.10', '3.12.11'),
    head,
    ownDeploymentId: fc.constant('b'),
    containsRemembered: fc.constantFrom(true, true, true, false),
    asked: fc.constant({ inventoryChannel: 'current', remembered: null }),
  }),
  fc.record({
    kind: kind('report-structure'),
    epoch: fc.constant('current'),
    sourceDeployment: fc.constantFrom('a', 'a', 'a', 'x'),
    shards: fc.uniqueArray(shard, { maxLength: 6, selector: (each) => JSON.stringify(each) }),
    problems: fc.array(fc.record({ database: id('d'), collection: id('c'), reason: fc.string() }), { maxLength: 2 }),
    heldDrops: fc.array(id('d/c'), { maxLength: 2 }),
    changes: fc.array(fc.string(), { maxLength: 2 }),
  }),
  fc.record({
    kind: kind('report-shards'),
    workerId: id('w'),
    shards: fc.array(
      fc.record({
        taskId: fc.nat(30).map(String),
        shard,
        status,
        statusMessage: fc.string(),
        way: fc.constantFrom('none' as const, 'tail' as const, 'copy' as const),
        reason: fc.constantFrom('first', 'again'),
      }),
      { maxLength: 8 },
    ),
  }),
  fc.record({
    kind: kind('register-outgoing'),
    targetId: id('t'),
    endpoints: fc.array(id('https://b'), { minLength: 1, maxLength: 2 }),
    fingerprint: fc.constant('certificate'),
    inventoryChannel: id('inventory'),
    ownDeploymentId: fc.constant('a'),
    holdsToken: fc.boolean(),
  }),
  fc.record({
    kind: kind('register-outgoing'),
    targetId: id('t'),
    endpoints: fc.constant(['https://b1']),
    fingerprint: fc.constant('certificate'),
    inventoryChannel: id('inventory'),
    ownDeploymentId: fc.constant('a'),
    holdsToken: fc.constant(true),
    epoch: fc.integer({ min: 1, max: 9 }),
    asOf: fc.nat(20),
    paused: fc.record({
      positions: fc.constant([{ dbServer: 's', serverId: '1', tick: '5' }]),
      keepLogMs: fc.nat(2),
    }),
  }),
  fc.record({
    kind: kind('set-outgoing-shards'),
    targetId: id('t'),
    fingerprint: fc.constant('certificate'),
    version: id('v'),
    shards: fc.uniqueArray(fc.record({ shard, channels }), {
      maxLength: 5,
      selector: (each) => JSON.stringify(each.shard),
    }),
  }),
  fc.constant<Command>({ kind: 'reconcile-tasks' }),
  fc.constant<Command>({ kind: 'assign-tasks', dbServers: new Map(), notYet: new Set() }),
  fc.record({ kind: kind('suspect-shards'), shards: fc.array(shard, { maxLength: 3 }), reason: fc.string() }),
  fc.record({
    kind: kind('settle-suspicions'),
    settled: fc.array(
      fc.record({
        shard,
        position: fc.nat(3),
        how: fc.constantFrom('equal' as const, 'copied' as const, 'gone' as const),
      }),
      { maxLength: 3 },
    ),
  }),
);

const rare: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: kind('claim-leadership'),
    masterId: id('m'),
    endpoint: id('https://m'),
    highestTermMet: fc.nat(5),
  }),
  fc.record({ kind: kind('resign-leadership'), masterId: id('m'), term: fc.nat(5) }),
  fc.record({
    kind: kind('register-master'),
    masterId: id('m'),
    endpoint: id('https://m'),
    publicEndpoints: fc.array(id('https://p'), { maxLength: 2 }),
  }),
  fc.record({ kind: kind('remove-master'), masterId: id('m'), reason: fc.string() }),
  fc.record({ kind: kind('remove-worker'), workerId: id('w'), reason: fc.string() }),
  fc.record({ kind: kind('set-message-timeout'), messageTimeoutMs: fc.integer({ min: -1, max: 3 }) }),
  fc.record({ kind: kind('set-root-user-exclusion'), excluded: fc.boolean() }),
  fc.record({
    kind: kind('set-throttle'),
    targetWrite: fc.record({ bytesPerSecond: fc.constantFrom(null, 65_535, 65_536, 131_072) }),
  }),
  fc.record({ kind: kind('begin-epoch'), reason: fc.string() }),
  fc.record({
    kind: kind('cancel-sync'),
    force: fc.boolean(),
    targetServerMode: fc.constantFrom('default' as const, 'readonly' as const),
    sourceServerMode: fc.constant('default' as const),
  }),
  fc.record({ kind: kind('finish-cancellation'), aborted: fc.boolean(), reason: fc.string() }),
  fc.record({ kind: kind('fail-sync'), code: id('code'), reason: fc.string() }),
  fc.record({ kind: kind('confirm-drops'), collections: fc.array(id('d/c'), { maxLength: 1 }) }),
  fc.record({ kind: kind('reset-shards'), database: fc.constant('d'), collection: fc.constant('c') }),
  fc.record({ kind: kind('pause-sync'), keepLogMs: fc.nat(2) }),
  fc.constant<Command>({ kind: 'resume-sync' }),
  fc.record({ kind: kind('note-barrier'), epoch: id('barrier') }),
  fc.constant<Command>({ kind: 'withdraw-barrier' }),
  fc.record({
    kind: kind('stop-outgoing'),
    targetId: id('t'),
    reason: fc.string(),
    epoch: fc.integer({ min: 1, max: 9 }),
  }),
);

/** Commands with few different names, so that they meet each other's effects. */
export const anyHistory: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof({ arbitrary: usual, weight: 8 }, { arbitrary: rare, weight: 1 }),
  { maxLength: 120, size: 'max' },
);

export interface History {
  readonly log: ChainedLog;
  /** The plane that the leader kept while it wrote. */
  readonly live: ControlPlane;
  readonly commits: readonly Commit[];
}

/** Lets a leader carry out commands one after the other, refusals included, and keeps its plane. */
export function historyOf(commands: readonly Command[]): Promise<History> {
  return continueHistory(
    { log: openMemoryLog(commitHasher(['secret'])), live: new ControlPlane(), commits: [] },
    commands,
  );
}

/** The history with more commands carried out. */
export async function continueHistory({ log, live, commits }: History, commands: readonly Command[]): Promise<History> {
  const written = [...commits];
  let drawn = live.position * 1_000;
  const draw = () => String(++drawn);
  const context: Context = { newId: draw, newChannel: () => `channel${draw()}` };
  for (const command of commands) {
    const decision = decide(live.state, inPlace(command, live), context);
    const events = decision.events ?? [rejectionOf(command, decision.rejected, 0)];
    if (events.length === 0) continue;
    const draft = {
      term: live.state.leadership.term,
      writer: 'm1',
      at: new Date(Date.UTC(2024, 0, 1) + drawn * 1000).toISOString(),
      cause: command.kind,
      events: toEvents(events, draw),
    };
    const outcome = await log.append(live.head, draft);
    if (outcome.kind === 'conflict') throw new Error('nobody else writes');
    live.apply(outcome.commit);
    written.push(outcome.commit);
  }
  return { log, live, commits: written };
}

/** Commands that name what only the state knows: the epoch, tasks with their workers and shards. */
export function inPlace(command: Command, { state }: ControlPlane): Command {
  if (command.kind === 'report-structure') {
    return { ...command, epoch: state.synchronization.configuration?.epoch ?? 'none' };
  }
  if (command.kind === 'identify-source') {
    const { configuration, identity } = state.synchronization;
    const inventoryChannel = configuration?.inventoryChannel ?? 'none';
    return { ...command, asked: { inventoryChannel, remembered: identity?.head ?? null } };
  }
  if (command.kind === 'settle-suspicions') {
    const suspects = [...state.suspects.values()];
    const settled = command.settled.flatMap(({ position: at, how }) => {
      const suspect = suspects[at];
      return suspect === undefined ? [] : [{ shard: suspect.shard, position: suspect.position, how }];
    });
    return { ...command, settled };
  }
  if (command.kind !== 'report-shards') return command;
  const held = [...state.tasks.values()].filter(
    (task) => task.workerId === command.workerId && task.shard !== undefined,
  );
  const shards = command.shards.flatMap((report) => {
    const task = held[Number(report.taskId) % Math.max(1, held.length)];
    return task?.shard === undefined ? [] : [{ ...report, taskId: task.taskId, shard: task.shard }];
  });
  return { ...command, shards };
}
