import { CONTROL_RULES } from './control-rules.ts';
import { DATA_RULES } from './data-rules.ts';
import { VERSION_RULES } from './version-rules.ts';

/** Takes a rule out of the program: `find` stands exactly once in `file`, and `replace` is what is left without the rule. */
export interface Mutation {
  /** What the program does then. */
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The test file, one of the rule's, in which a test of the rule's name has to fail. */
  readonly killedIn: string;
}

/** A way in which a second copy gets lost, and what prevents it. Its tests begin with its name: `S5: …`. */
export interface Rule {
  readonly name: string;
  readonly sentence: string;
  readonly mutations: readonly Mutation[];
}

const IDENTIFY = 'src/domain/synchronization/identify.ts';
const PLAN_DROPS = 'src/replication/target/plan-drops.ts';
const ALIGN_USERS = 'src/replication/target/align-users.ts';
const OPENING = 'src/replication/source/opening.ts';
const SHARED_READER = 'src/replication/source/shared-reader.ts';
const CHECKPOINT_DOCUMENTS = 'src/replication/target/checkpoint-documents.ts';
const CHAINED_LOG = 'src/events/chained-log.ts';

const DOMAIN_TEST = 'test/domain/synchronization.test.ts';
const MODE_TEST = 'test/master/mode.test.ts';
const MASTERS_TEST = 'test/master/two-datacenters.test.ts';
const SOURCE_TEST = 'test/replication/source/single.test.ts';
const STREAM_TEST = 'test/replication/target/stream.test.ts';
const PLAN_TEST = 'test/replication/target/plan-structure.test.ts';
const STRUCTURE_TEST = 'test/replication/target/structure.test.ts';
const USERS_TEST = 'test/replication/target/users.test.ts';
const ROUNDS_TEST = 'test/replication/target/checkpoint-rounds.test.ts';
const LIMITS_TEST = 'test/replication/throttle/throttle.test.ts';
const BUDGET_TEST = 'test/replication/target/budget.test.ts';
const READ_ROOM_TEST = 'test/replication/source/read-room.test.ts';
const LOG_TEST = 'test/events/memory-log.test.ts';
const BARRIER_DECIDER_TEST = 'test/domain/barrier.test.ts';
const BARRIER_TEST = 'test/master/barrier.test.ts';
const BARRIER_COMPARISON = 'src/replication/target/barrier-comparison.ts';
const BARRIER_COMPARISON_TEST = 'test/replication/target/barrier-comparison.test.ts';
const PAUSE_TEST = 'test/master/pause.test.ts';
const ANCESTRY_TEST = 'test/master/ancestry.test.ts';
const LATE_WRITES_TEST = 'test/replication/target/late-writes.test.ts';
const SUSPECTS_DECIDER_TEST = 'test/domain/suspects.test.ts';
const SUSPECTS_TEST = 'test/master/suspects.test.ts';
const SELECT_TEST = 'test/replication/target/select-structure.test.ts';
const SELECTION_DECIDER_TEST = 'test/domain/selection.test.ts';
const CLOCKS_TEST = 'test/master/clocks.test.ts';

/** The rules that the first end-to-end version has to hold. */
export const RULES: readonly Rule[] = [
  {
    name: 'S1',
    sentence:
      'A source that was replaced or went back stops the synchronization, and nothing is dropped before two whole inventories agree.',
    mutations: [
      {
        what: "forgets an operator's word while others of the same database are not confirmed",
        file: 'src/replication/target/align-structure.ts',
        find: 'return [...new Set([...heldDrops, ...waiting])];',
        replace: 'return [...heldDrops, ...waiting.slice(waiting.length)];',
        killedIn: STRUCTURE_TEST,
      },
      {
        what: 'takes any deployment under the address for the source',
        file: IDENTIFY,
        find: 'deploymentId !== known.deploymentId',
        replace: 'false',
        killedIn: DOMAIN_TEST,
      },
      {
        what: 'goes on with a source whose log went back',
        file: IDENTIFY,
        find: '!command.containsRemembered || wentBack(known.head, head)',
        replace: 'false',
        killedIn: MASTERS_TEST,
      },
      {
        what: 'says of a log that grew on after it went back that it has every head',
        file: 'src/master/contains-head.ts',
        find: 'if (error instanceof LogCorrupt) return false;',
        replace: 'if (error instanceof LogCorrupt) return true;',
        killedIn: MASTERS_TEST,
      },
      {
        what: 'writes what another deployment sends',
        file: 'src/replication/target/stream-session.ts',
        find: 'header.sourceDeployment !== sourceDeployment',
        replace: 'false',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'drops at the first inventory',
        file: PLAN_DROPS,
        find: 'memory.agreed.has(identityOf(candidate))',
        replace: 'true',
        killedIn: PLAN_TEST,
      },
      {
        what: 'drops by an inventory that is not complete',
        file: PLAN_DROPS,
        find: 'if (!source.complete) return NONE;',
        replace: '',
        killedIn: PLAN_TEST,
      },
      {
        what: 'drops any number of collections at once',
        file: PLAN_DROPS,
        find: 'candidates.length > SHARE_HELD * countCollections(target, memory)',
        replace: 'false',
        killedIn: PLAN_TEST,
      },
      {
        what: 'calls an inventory complete although a database did not answer',
        file: 'src/replication/source/topology.ts',
        find: 'complete: unanswered.size === 0,',
        replace: 'complete: true,',
        killedIn: 'test/replication/source/structure.test.ts',
      },
      {
        what: 'drops collections that are not selected',
        file: 'src/replication/target/select-structure.ts',
        find: 'return selector.takes(database, sourceName ?? name);',
        replace: 'return true;',
        killedIn: SELECT_TEST,
      },
      {
        what: 'drops databases that hold what is not selected',
        file: PLAN_DROPS,
        find: ' && holdsOther !== true',
        replace: '',
        killedIn: SELECT_TEST,
      },
      {
        what: 'replaces databases that hold what is not selected',
        file: 'src/replication/target/plan-databases.ts',
        find: ' && stored?.holdsOther !== true',
        replace: '',
        killedIn: SELECT_TEST,
      },
      {
        what: 'takes a source that has a part of this deployment for one that lacks the rest',
        file: 'src/domain/synchronization/configure.ts',
        find: '  if (part !== undefined) {\n    const reason',
        replace: '  if (part?.include.length === -1) {\n    const reason',
        killedIn: SELECTION_DECIDER_TEST,
      },
      {
        what: 'follows everything after a synchronization of a part',
        file: 'src/domain/synchronization/configure.ts',
        find: 'if (before === undefined) return undefined;',
        replace: 'if (before === undefined || before) return undefined;',
        killedIn: SELECTION_DECIDER_TEST,
      },
      {
        what: 'drops a user that one inventory lacks',
        file: 'src/replication/target/plan-users.ts',
        find: 'surplus.filter((name) => agreed.has(name))',
        replace: 'surplus',
        killedIn: 'test/replication/target/plan-users.test.ts',
      },
      {
        what: 'takes two looks at one inventory for two',
        file: ALIGN_USERS,
        find: '[...lacked].filter((name) => this.#lacked.has(name))',
        replace: 'lacked',
        killedIn: USERS_TEST,
      },
      {
        what: 'takes any list of users for a complete one',
        file: ALIGN_USERS,
        find: 'inventory.complete && users !== undefined && users.length > 0',
        replace: 'true',
        killedIn: USERS_TEST,
      },
    ],
  },
  {
    name: 'S3',
    sentence: 'A checkpoint means something only under its epoch and for exactly the data that it was made on.',
    mutations: [
      {
        what: 'keeps the epoch of a target that was writable while nothing was received',
        file: 'src/master/reconcile/target-mode.ts',
        find: 'if (control.state.synchronization.settledEpoch !== epoch) return;',
        replace: "if (![...control.state.tasks.values()].some(({ type }) => type.startsWith('receive-'))) return;",
        killedIn: PAUSE_TEST,
      },
      {
        what: 'lets shards come back by a report from before they were left out',
        file: 'src/domain/synchronization/structure.ts',
        find: '(command.selectionVersion ?? selectionVersion) !== selectionVersion',
        replace: 'state.phase !== state.phase',
        killedIn: 'test/domain/selection.test.ts',
      },
      {
        what: 'takes a checkpoint of another epoch',
        file: CHECKPOINT_DOCUMENTS,
        find: 'document.epoch !== scope.epoch',
        replace: 'false',
        killedIn: STREAM_TEST,
      },
      {
        what: 'takes a checkpoint of another source',
        file: CHECKPOINT_DOCUMENTS,
        find: 'document.sourceDeployment !== scope.sourceDeployment',
        replace: 'false',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'takes a checkpoint of another target collection',
        file: CHECKPOINT_DOCUMENTS,
        find: 'document.targetCollectionId !== targetCollectionId',
        replace: 'false',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'takes the target for what it was before there was a new task for the shard',
        file: 'src/replication/target/synchronization.ts',
        find: 'for (const database of this.#databasesOfNew(tasks)) this.#parts.directory.forget(database);',
        replace: '',
        killedIn: STREAM_TEST,
      },
      {
        what: 'goes on from a checkpoint of another data directory',
        file: OPENING,
        find: 'checkpoint.serverId !== server.serverId',
        replace: 'false',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'goes on from a checkpoint of another incarnation of the shard',
        file: OPENING,
        find: 'checkpoint.cuid !== place.cuid',
        replace: 'false',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'keeps the epoch over a stop',
        file: 'src/domain/synchronization/configure.ts',
        find: 'epoch: context.newId()',
        replace: "epoch: 'always the same'",
        killedIn: DOMAIN_TEST,
      },
      {
        what: 'keeps the epoch although the target was writable',
        file: 'src/master/reconcile/target-mode.ts',
        find: 'await this.#endEpoch(epoch, signal);',
        replace: '',
        killedIn: MASTERS_TEST,
      },
      {
        what: 'goes on from a checkpoint of before the collection was left out for a while',
        file: 'src/replication/target/align-structure.ts',
        find: 'await withdrawCheckpoints(this.#options, keys, LEFT_OUT);',
        replace: '',
        killedIn: 'test/replication/target/selection.test.ts',
      },
      {
        what: 'receives before what users had begun on the target has ended',
        file: 'src/master/reconcile/target-mode.ts',
        find: 'return left.length === 0;',
        replace: 'return left.length >= 0;',
        killedIn: MASTERS_TEST,
      },
    ],
  },
  {
    name: 'S4',
    sentence: "A worker's token ends with its lease by the servers' own clock, whatever becomes of ours.",
    mutations: [
      {
        what: 'believes its clocks although one of them jumped or stood still',
        file: 'src/master/cluster-tokens.ts',
        find: ' || Math.abs(byWallMs - passedMs) > jumpMsMin',
        replace: '',
        killedIn: 'test/master/cluster-tokens.test.ts',
      },
      {
        what: 'keeps to itself that the outcome of a write is unknown',
        file: 'src/replication/target/error-meaning.ts',
        find: 'return !error.isUnsent;',
        replace: 'return false;',
        killedIn: LATE_WRITES_TEST,
      },
      {
        what: 'goes on without waiting until the doubt is recorded',
        file: 'src/replication/target/shard-writer.ts',
        find: '    if (doubts[0] !== undefined) await this.#options.onDoubt(doubts[0]);',
        replace: '    if (doubts[0] !== undefined) void this.#options.onDoubt(doubts[0]);',
        killedIn: LATE_WRITES_TEST,
      },
      {
        what: 'forgets a write that is on its way when a shard is taken away',
        file: 'src/replication/target/shard-writer.ts',
        find: "doubts.push('a write was given up before it was answered');",
        replace: '',
        killedIn: LATE_WRITES_TEST,
      },
      {
        what: 'takes a copy that began before the quiet time for proof',
        file: 'src/replication/target/stream-catch-up.ts',
        find: 'this.#caughtUpFor);',
        replace: 'this.#options.suspicion());',
        killedIn: LATE_WRITES_TEST,
      },
      {
        what: 'forgets doubts with the lease in which it could not tell them',
        file: 'src/worker/doubts.ts',
        find: 'while (this.#pending.has(key)) await this.#sendOnce(signal);',
        replace:
          'try { while (this.#pending.has(key)) await this.#sendOnce(signal); } catch (error) { this.#pending.delete(key); throw error; }',
        killedIn: 'test/worker/doubts.test.ts',
      },
      {
        what: 'takes a lost worker for one that signed off',
        file: 'src/domain/workers/decide.ts',
        find: 'signedOff ? [] : uncleanHandOver(',
        replace: 'true ? [] : uncleanHandOver(',
        killedIn: SUSPECTS_DECIDER_TEST,
      },
      {
        what: 'settles a suspicion by the comparison for an older one',
        file: 'src/domain/suspects/decide.ts',
        find: 'state.get(shardKey(shard))?.position === position',
        replace: 'state.has(shardKey(shard))',
        killedIn: SUSPECTS_DECIDER_TEST,
      },
      {
        what: 'counts a suspect shard as in sync',
        file: 'src/master/reconcile/in-sync.ts',
        find: ' || control.state.suspects.has(key)) return [];',
        replace: ') return [];',
        killedIn: SUSPECTS_TEST,
      },
      {
        what: 'has a shard compared before the quiet time is over',
        file: 'src/master/worker-instructions.ts',
        find: 'suspect !== undefined && isQuiet(suspect)',
        replace: 'suspect !== undefined',
        killedIn: SUSPECTS_TEST,
      },
      {
        what: 'makes the target writable while old writes may land',
        file: 'src/master/reconcile/cancellation.ts',
        find: 'if (leftMs === 0 || skipQuietTime === true) return true;',
        replace: 'if (leftMs >= 0 || skipQuietTime === true) return true;',
        killedIn: SUSPECTS_TEST,
      },
    ],
  },
  {
    name: 'S5',
    sentence:
      'A log that lost its end may give its ticks again: an operation seen there is read back before it goes on.',
    mutations: [
      {
        what: 'believes a checkpoint without reading an operation back',
        file: OPENING,
        find: 'await replacedLog(checkpoint, parts, signal)',
        replace: 'undefined as string | undefined',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'believes that any operation at the tick is the one that was seen',
        file: 'src/replication/source/witness.ts',
        find: "isSame ? 'confirmed' : 'different'",
        replace: "isSame ? 'confirmed' : 'confirmed'",
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'reads on over a restart of the server',
        file: SHARED_READER,
        find: 'if (incarnation === this.#incarnation) return true;',
        replace: 'if (incarnation >= 0) return true;',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'never notices a restart',
        file: 'src/replication/source/incarnation.ts',
        find: '!isSameStart(this.#known, seen)',
        replace: 'false',
        killedIn: SOURCE_TEST,
      },
    ],
  },
  {
    name: 'S6',
    sentence: 'A checkpoint is stored only after the data that it covers is synced on the servers that took it.',
    mutations: [
      {
        what: 'does not sync before it stores',
        file: 'src/replication/target/checkpoint-rounds.ts',
        find: 'if (!taken.some(({ progress }) => progress.writes !== progress.durableWrites)) return [...taken];',
        replace: 'if (signal !== undefined) return [...taken];',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'does not ask the servers to sync',
        file: 'src/replication/target/server-watch.ts',
        find: "await server.json({ method: 'GET', path: '/_api/wal/lastTick', timeoutMs: SYNC_TIMEOUT_MS, signal });",
        replace: '',
        killedIn: 'test/safety/servers.test.ts',
      },
      {
        what: 'stores although a server that led the shard did not sync',
        file: 'src/replication/target/checkpoint-rounds.ts',
        find: 'written.filter(({ progress }) => !progress.leaders.every((leader) => synced.has(leader)))',
        replace: '[]',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'stores although one of the servers over which it is spread did not sync',
        file: 'src/replication/target/checkpoint-rounds.ts',
        find: 'progress.leaders.every((leader) => synced.has(leader))',
        replace: 'progress.leaders.some((leader) => synced.has(leader))',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'does not notice that a server of the target started anew',
        file: 'src/replication/target/server-watch.ts',
        find: 'before === undefined || isSameStart(before, now)',
        replace: 'true',
        killedIn: STREAM_TEST,
      },
      {
        what: 'does not compare trees after a restart of the target',
        file: 'src/replication/target/stored-position.ts',
        find: 'isDoubtful: checkpoint !== undefined && target.revisionOrder && !isServedStill(document, servedBy)',
        replace: 'isDoubtful: false',
        killedIn: STREAM_TEST,
      },
    ],
  },
  {
    name: 'S7',
    sentence: 'No shard keeps the others waiting, and the log is kept from the lowest durable position, up to a limit.',
    mutations: [
      {
        what: 'gives each link of a worker all of its memory',
        file: 'src/replication/target/link-pool.ts',
        find: 'this.#limits.frameBytes / Math.max(1, this.#links.size)',
        replace: 'this.#limits.frameBytes',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'takes many small operations for small',
        file: 'src/replication/target/inbox.ts',
        find: ' + operationsIn(header) * OPERATION_OVERHEAD_BYTES;',
        replace: ' + 0 * operationsIn(header) * OPERATION_OVERHEAD_BYTES;',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'reads on for shards that read by themselves while the link is full',
        file: 'src/replication/source/read-room.ts',
        find: '      await this.#link.writable(signal);\n',
        replace: '',
        killedIn: READ_ROOM_TEST,
      },
      {
        what: 'has any number of reads under way',
        file: 'src/replication/source/read-room.ts',
        find: 'this.#inAll.bytes + bytes > this.#bytesInAllMax',
        replace: 'this.#inAll.bytes + bytes > 2 ** 40',
        killedIn: READ_ROOM_TEST,
      },
      {
        what: 'holds a transaction for each of its shards until it ends',
        file: 'src/replication/source/reader-members.ts',
        find: '    if (held.bytes <= limits.heldBytes) return;\n',
        replace: '    if (held.bytes <= 2 ** 40 + limits.heldBytes) return;\n',
        killedIn: 'test/replication/source/held.test.ts',
      },
      {
        what: 'keeps the log of the source for a paused target for ever',
        file: 'src/master/reconcile/kept-log.ts',
        find: 'this.#core.ports.clock.now().getTime() > endOf(pause)',
        replace: 'false',
        killedIn: PAUSE_TEST,
      },
      {
        what: 'lets a shard that waits for the target keep the memory of its link',
        file: 'src/replication/target/link-session.ts',
        find: 'owner.stalled && this.#bytesOf(inbox) > 0',
        replace: 'owner.stalled && this.#bytesOf(inbox) < 0',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'takes whatever a sender sends beyond its credit',
        file: 'src/replication/target/inbox.ts',
        find: 'this.#creditTaken > this.#creditBytes * OVERDRAFT',
        replace: 'false',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'lets a shard without credit hold the shared reader up',
        file: 'src/replication/source/credit-wait.ts',
        find: 'if (member.chargedMs >= limits.overdrawnMs &&',
        replace: 'if (member.chargedMs === Infinity &&',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'lets copies that are held to a limit fill the memory of their link',
        file: 'src/replication/target/link-session.ts',
        find: 'bytes - this.#catchUps.take(entry.inbox, bytes)',
        replace: 'bytes',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'lets copies over many links take any memory',
        file: 'src/replication/target/catch-up-memory.ts',
        find: 'inbox.creditBytes - held, this.#bytesMax - this.#bytes)',
        replace: 'inbox.creditBytes - held)',
        killedIn: BUDGET_TEST,
      },
      {
        what: 'lets copies go before the log under a limit',
        file: 'src/replication/throttle/throttle.ts',
        find: 'log === undefined || this.#owedMs >= this.#msOf(copy.cost)',
        replace: 'true',
        killedIn: LIMITS_TEST,
      },
      {
        what: 'lets copies starve under a limit',
        file: 'src/replication/throttle/throttle.ts',
        find: 'if (this.#waiting.copy.size > 0) this.#owedMs +=',
        replace: 'this.#owedMs = 0 *',
        killedIn: LIMITS_TEST,
      },
      {
        what: 'leaves those who wait for a limit of the source without a word',
        file: 'src/replication/source/shared-reader.ts',
        find: '() => this.#floor.repeat()',
        replace: '() => undefined',
        killedIn: 'test/replication/limits.test.ts',
      },
      {
        what: 'lets the log wait behind copies in the buffer of a link that has a limit',
        file: 'src/adapters/mq/direct/outgoing-frames.ts',
        find: 'log.length === 0 || this.#passedCopies >= COPIES_PASSED_MAX',
        replace: 'true',
        killedIn: 'test/adapters/mq/link-limit.test.ts',
      },
      {
        what: 'does not pin the log',
        file: 'src/replication/source/log-pin.ts',
        find: 'await track(this.#server, this.#syncerId, lowest, signal);',
        replace: '',
        killedIn: 'test/safety/servers.test.ts',
      },
      {
        what: 'pins the log for ever',
        file: 'src/replication/source/log-pin.ts',
        find: 'bytes <= this.#limits.pinBytesMax && ms <= this.#limits.pinMsMax',
        replace: 'bytes <= Infinity && ms <= Infinity',
        killedIn: SOURCE_TEST,
      },
    ],
  },
  {
    name: 'S8',
    sentence: 'A target stops only behind a barrier that held: all servers refused writes, logs and trees are equal.',
    mutations: [
      {
        what: 'has a barrier that is established again be the one that was established before',
        file: 'src/domain/outgoing/barrier.ts',
        find: 'const establishedEpoch = context.newId();',
        replace: 'const establishedEpoch = epoch;',
        killedIn: BARRIER_DECIDER_TEST,
      },
      {
        what: 'leaves a shard different behind the barrier',
        file: 'src/master/reconcile/barrier-repair.ts',
        find: 'count >= LOOKS_BEFORE &&',
        replace: 'count > Infinity &&',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'does not wait for users and views behind the barrier',
        file: 'src/master/reconcile/in-sync.ts',
        find: 'this.#core.memory.structureBarrier !== barrier.epoch',
        replace: 'false',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'takes an inventory from before the barrier for one behind it',
        file: 'src/replication/target/inventory-receiver.ts',
        find: 'return inventories > 1;',
        replace: 'return true;',
        killedIn: 'test/replication/target/structure.test.ts',
      },
      {
        what: 'does not wait for queries that write',
        file: 'src/master/running-writes.ts',
        find: 'return modificationQuery ?? (IS_CUT.test(query) || WRITING_WORD.test(query));',
        replace: 'return modificationQuery === true && IS_CUT.test(query) && WRITING_WORD.test(query);',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'writes lag markers behind a barrier',
        file: 'src/replication/source/lag-markers.ts',
        find: "    if (mode !== 'default') return;\n",
        replace: '    void mode;\n',
        killedIn: 'test/replication/lag.test.ts',
      },
      {
        what: 'follows as by a reversal although it was writable since the target stopped',
        file: 'src/domain/synchronization/configure.ts',
        find: 'if (reversal === true && serverMode.heldFor?.targetId !== found.deploymentId) {',
        replace: 'if (reversal === true && !serverMode.held) {',
        killedIn: BARRIER_DECIDER_TEST,
      },
      {
        what: 'takes whatever made the source read-only for a stop in sync',
        file: 'src/domain/server-mode/state.ts',
        find: 'return barrierEpoch === undefined ? wished : { ...wished, heldFor: { targetId, barrierEpoch }, holdBroken: null };',
        replace: "return { ...wished, heldFor: { targetId, barrierEpoch: barrierEpoch ?? '' }, holdBroken: null };",
        killedIn: BARRIER_DECIDER_TEST,
      },
      {
        what: 'does not say that a source was writable while it was held for a reversal',
        file: 'src/master/reconcile/barriers.ts',
        find: "await desk.internal({ kind: 'break-hold', reason }, 'barrier', signal);",
        replace: "ports.logger.info('still held', { desk: desk.mayAct(), signal });",
        killedIn: BARRIER_TEST,
      },
      {
        what: 'reverses without looking once more whether the source is writable',
        file: 'src/master/services/configuration-service.ts',
        find: '    await this.#barriers.confirmHold(signal);\n',
        replace: '',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'lets the middle of a chain apply on behind a barrier',
        file: 'src/domain/synchronization/receiving.ts',
        find: 'some(({ barrier }) => barrier !== null)',
        replace: 'some(() => false)',
        killedIn: ANCESTRY_TEST,
      },
      {
        what: 'establishes a barrier while workers of a chain’s middle still apply',
        file: 'src/master/reconcile/barriers.ts',
        find: 'follows && mayStillReceive(this.#core)',
        replace: 'follows && false',
        killedIn: ANCESTRY_TEST,
      },
      {
        what: 'lets a target stop behind a barrier that was broken',
        file: 'src/domain/outgoing/decide.ts',
        find: 'barrierEpoch !== undefined && !holds(target, barrierEpoch)',
        replace: 'false',
        killedIn: BARRIER_DECIDER_TEST,
      },
      {
        what: 'establishes a barrier while transactions run',
        file: 'src/master/reconcile/barriers.ts',
        find: 'if (writes.length > 0)',
        replace: 'if (writes.length > 9_000)',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'takes a shard for in sync whose log was not applied to the end',
        file: 'src/master/reconcile/in-sync.ts',
        find: 'memory.telemetry.of(taskId)?.reachedBarrier === epoch ?',
        replace: "memory.telemetry.of(taskId) !== undefined || epoch === '' ?",
        killedIn: BARRIER_TEST,
      },
      {
        what: 'takes a shard for in sync whose trees differ',
        file: 'src/master/reconcile/in-sync.ts',
        find: 'result.checksums[0] === result.checksums[1]',
        replace: 'result.checksums.length > 0',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'compares trees where they tell nothing',
        file: 'src/master/reconcile/in-sync.ts',
        find: "?.comparedBy === 'content'",
        replace: "?.comparedBy === undefined && taskId === ''",
        killedIn: BARRIER_TEST,
      },
      {
        what: 'takes a shard for in sync whose contents were found to differ behind the barrier',
        file: BARRIER_COMPARISON,
        find: "isBehind && how === 'equal'",
        replace: 'isBehind',
        killedIn: BARRIER_COMPARISON_TEST,
      },
      {
        what: 'takes a shard for in sync whose contents were compared before the barrier',
        file: BARRIER_COMPARISON,
        find: 'this.#begunBehind !== undefined && this.#begunBehind === this.#barrier?.epoch',
        replace: 'this.#barrier !== undefined',
        killedIn: BARRIER_COMPARISON_TEST,
      },
      {
        what: 'stops although a shard is not in sync',
        file: 'src/master/services/barrier-service.ts',
        find: 'if (notInSync === 0) return',
        replace: 'if (inSync >= 0) return',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'stops although the source has collections that nobody follows',
        file: 'src/master/reconcile/in-sync.ts',
        find: 'return { inSync, notInSync: isUnknown ? Math.max(1, notInSync) : notInSync };',
        replace: 'return { inSync, notInSync: total - inSync };',
        killedIn: BARRIER_TEST,
      },
      {
        what: 'leaves a barrier that a late call has set',
        file: 'src/master/stray-barriers.ts',
        find: 'nowMs - since.ms >= strayMs',
        replace: 'nowMs - since.ms >= 100 * strayMs',
        killedIn: 'test/master/stray-barriers.test.ts',
      },
      {
        what: 'makes the source read-only again without saying that it was writable',
        file: 'src/master/reconcile/server-mode.ts',
        find: "if (wanted === 'readonly') await this.#barriers.liftBroken(signal);",
        replace: '',
        killedIn: BARRIER_TEST,
      },
    ],
  },
  {
    name: 'S9',
    sentence: 'A deployment is read-only as long as anything of ours wants it, and writable only after all have ended.',
    mutations: [
      {
        what: 'sets the mode although another looks at it to set it',
        file: 'src/master/mode-turns.ts',
        find: 'const before = this.#last;',
        replace: 'const before = Promise.resolve();',
        killedIn: MODE_TEST,
      },
      {
        what: 'takes a mode for its own last word while a call that was not answered may land',
        file: 'src/master/reconcile/server-mode.ts',
        find: '    if (modeTurns.isUncertain) return;\n',
        replace: '',
        killedIn: MODE_TEST,
      },
      {
        what: 'makes the source writable when one of its targets stops',
        file: 'src/domain/server-mode/state.ts',
        find: 'if ([...outgoing.values()].some(({ barrier }) => barrier !== null)) ',
        replace: 'if (outgoing.size > 9) ',
        killedIn: BARRIER_DECIDER_TEST,
      },
      {
        what: 'forgets that a stop wished the deployment read-only',
        file: 'src/domain/server-mode/state.ts',
        find: "phase !== 'inactive' || wishedReadOnly",
        replace: "phase !== 'inactive'",
        killedIn: BARRIER_DECIDER_TEST,
      },
    ],
  },
  {
    name: 'S10',
    sentence:
      'Whoever appended reads back the predecessor before acting on it; archiving leaves a state to begin from.',
    mutations: [
      {
        what: 'acts on an append without reading the predecessor back',
        file: CHAINED_LOG,
        find: 'await this.#checkPredecessor(commit, expected, signal);',
        replace: '',
        killedIn: LOG_TEST,
      },
      {
        what: 'is content with any predecessor',
        file: CHAINED_LOG,
        find: 'if (commit.hash === hash) return undefined;\n    return { position, problem',
        replace: 'if (commit.hash !== undefined) return undefined;\n    return { position, problem',
        killedIn: 'test/safety/event-log.test.ts',
      },
      {
        what: 'archives where no state is kept',
        file: CHAINED_LOG,
        find: 'if (!holdsState(commit))',
        replace: 'if (commit === undefined)',
        killedIn: LOG_TEST,
      },
    ],
  },
  {
    name: 'S11',
    sentence:
      'An unknown outcome is settled by the identical commit until it is known; a reader stops at a missing one.',
    mutations: [
      {
        what: 'takes an unknown outcome for a success',
        file: CHAINED_LOG,
        find: "if (outcome === 'inserted') return undefined;",
        replace: "if (outcome !== 'taken') return undefined;",
        killedIn: LOG_TEST,
      },
      {
        what: 'takes its own commit for that of another',
        file: CHAINED_LOG,
        find: 'if (holder?.hash === commit.hash) return undefined;',
        replace: '',
        killedIn: LOG_TEST,
      },
      {
        what: 'takes the commit of another for its own',
        file: CHAINED_LOG,
        find: 'if (holder !== undefined) return holder;',
        replace: 'if (holder !== undefined) return undefined;',
        killedIn: LOG_TEST,
      },
      {
        what: 'gives up after the first try',
        file: CHAINED_LOG,
        find: 'const SETTLE_ATTEMPTS_MAX = 6;',
        replace: 'const SETTLE_ATTEMPTS_MAX = 1;',
        killedIn: LOG_TEST,
      },
      {
        what: 'reads on behind a missing commit',
        file: CHAINED_LOG,
        find: 'if (content === undefined) return { commits, bytes, isEnd: true };',
        replace: `if (content === undefined) {
          const next = stored[index + 1] as Commit | undefined;
          if (next === undefined) return { commits, bytes, isEnd: true };
          previous = { position, hash: next.prev };
          continue;
        }`,
        killedIn: 'test/safety/event-log.test.ts',
      },
    ],
  },
  {
    name: 'S14',
    sentence: 'A shard that is truncated or made anew as a whole is copied: that cannot be told as operations.',
    mutations: [
      {
        what: 'reads over a truncate of the whole shard',
        file: 'src/replication/source/structure-reason.ts',
        find: 'if (type === MARKER.collectionTruncate) {',
        replace: 'if (type === MARKER.collectionTruncate && tick === undefined) {',
        killedIn: SOURCE_TEST,
      },
      {
        what: 'reads over a shard that is made anew or dropped',
        file: 'src/replication/source/structure-reason.ts',
        find: 'if (type === MARKER.collectionCreate || type === MARKER.collectionDrop) {',
        replace: 'if (type === undefined) {',
        killedIn: 'test/safety/structure-markers.test.ts',
      },
      {
        what: 'forgets over a crash that the shard has to be copied',
        file: 'src/replication/target/stored-position.ts',
        find: 'await this.withdraw(target, reason);',
        replace: '',
        killedIn: STREAM_TEST,
      },
    ],
  },
  {
    name: 'S15',
    sentence: 'What comes on a channel is taken only at exactly the place where its stream stands.',
    mutations: [
      {
        what: 'takes a frame behind a hole',
        file: 'src/replication/target/inbox.ts',
        find: 'header.seq !== this.#received + 1',
        replace: 'false',
        killedIn: STREAM_TEST,
      },
      {
        what: 'applies operations from another position',
        file: 'src/replication/target/stream-position.ts',
        find: 'header.from !== this.#position && header.from !== this.#framePosition',
        replace: 'false',
        killedIn: STREAM_TEST,
      },
      {
        what: 'takes what an earlier stream is told for its own',
        file: 'src/replication/source/link-session.ts',
        find: 'slot === undefined || slot.stream.open.stream !== control.stream',
        replace: 'slot === undefined',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'takes controls again that were taken before',
        file: 'src/adapters/mq/direct/incoming-controls.ts',
        find: 'controls.slice(this.#next - from, this.#next - from + room)',
        replace: 'controls.slice(0, room)',
        killedIn: 'test/adapters/mq/direct-link-faults.test.ts',
      },
    ],
  },
  {
    name: 'S16',
    sentence:
      'Before a target becomes writable its servers give newer revisions than all that was replicated into it, shown by writes.',
    mutations: [
      {
        what: 'forgets what was replicated into collections that were left out later',
        file: 'src/master/reconcile/cancellation.ts',
        find: ', ...leftOut.values()]',
        replace: ']',
        killedIn: 'test/master/selection.test.ts',
      },
      {
        what: 'leaves the clocks as they are',
        file: 'src/master/clocks/renew-clocks.ts',
        find: '  await raiseClocks(deployment, newest, signal);',
        replace: '',
        killedIn: CLOCKS_TEST,
      },
      {
        what: 'believes that the clocks were raised',
        file: 'src/master/clocks/renew-clocks.ts',
        find: '  await probeClocks(deployment, newest, signal);',
        replace: '',
        killedIn: CLOCKS_TEST,
      },
      {
        what: 'takes any revision of the probe',
        file: 'src/master/clocks/probe-clocks.ts',
        find: 'compareRevisions(_rev, above) <= 0',
        replace: 'compareRevisions(_rev, above) === 0',
        killedIn: CLOCKS_TEST,
      },
      {
        what: 'goes on without a server that is silent',
        file: 'src/master/clocks/raise-clocks.ts',
        find: 'if (texts.length > 0) throw',
        replace: 'if (texts.length > servers.length) throw',
        killedIn: CLOCKS_TEST,
      },
      {
        what: 'looks for the newest revision in the wrong node',
        file: 'src/master/clocks/newest-node.ts',
        find: 'last = index;',
        replace: 'last ??= index;',
        killedIn: CLOCKS_TEST,
      },
      {
        what: 'sends clocks from the far future',
        file: 'src/master/clocks/raise-clocks.ts',
        find: 'if (aheadMs <= AHEAD_MS_MAX) return;',
        replace: 'if (aheadMs <= Infinity) return;',
        killedIn: CLOCKS_TEST,
      },
    ],
  },
  {
    name: 'S22',
    sentence:
      'The chain is keyed by the masters’ secret, and a cut tail shows by a head that the other side remembers.',
    mutations: [
      {
        what: 'hashes without the masters’ secret',
        file: 'src/adapters/crypto/commit-hasher.ts',
        find: 'this.know(derivedKey(secret, this.#use))',
        replace: "this.know(derivedKey('known to all', this.#use))",
        killedIn: 'test/adapters/crypto/commit-hasher.test.ts',
      },
      {
        what: 'takes commits under a key that was given up',
        file: 'src/events/chain.ts',
        find: 'if (from === undefined || from === to) return undefined;',
        replace: 'return undefined;',
        killedIn: LOG_TEST,
      },
      {
        what: 'takes a rotation for which the old key does not vouch',
        file: 'src/events/chain.ts',
        find: "checked === 'same' && keyIdOf(vouched) === from",
        replace: "checked === 'same'",
        killedIn: LOG_TEST,
      },
      {
        what: 'takes commits under any key',
        file: 'src/events/chain.ts',
        find: "if (checked === 'other-key')",
        replace: "if (checked === 'other-key' && hash === '')",
        killedIn: LOG_TEST,
      },
      {
        what: 'does not notice a cut tail',
        file: 'src/events/verify-log.ts',
        find: '.filter(({ position }) => position > head.position)',
        replace: '.filter(({ position }) => position > Infinity)',
        killedIn: LOG_TEST,
      },
      {
        what: 'takes a log that has grown again for one that lost nothing',
        file: 'src/master/reconcile/contact-judge.ts',
        find: 'if (!(await containsHead(this.#core, targetHead, signal))) return targetHead.position;',
        replace: '',
        killedIn: MASTERS_TEST,
      },
      {
        what: 'forgets the head that a target told before its log was seen to contain it',
        file: 'src/master/target-heads.ts',
        find: 'known !== undefined && remembered !== undefined && !isLookedAt',
        replace: 'known !== undefined && remembered !== undefined && isLookedAt',
        killedIn: 'test/master/target-heads.test.ts',
      },
    ],
  },
  ...CONTROL_RULES,
  ...DATA_RULES,
  ...VERSION_RULES,
];

/** The files that hold a rule's tests, each once. */
export function testFilesOf({ mutations }: Rule): readonly string[] {
  return [...new Set(mutations.map(({ killedIn }) => killedIn))];
}

/** Matches the full names of a rule's tests: those that, or whose group, begins with the rule's name. */
export function testNamesOf({ name }: Rule): string {
  return `\\b${name}: `;
}

/** How often a text stands in another one. */
export function countOf(text: string, within: string): number {
  return within.split(text).length - 1;
}
