import type { Rule } from './rules.ts';

const ELECTION = 'src/master/election.ts';
const OUTGOING = 'src/domain/outgoing/decide.ts';
const AUTHENTICATION = 'src/adapters/http/authentication.ts';

const ELECTION_TEST = 'test/master/election.test.ts';
const OUTGOING_TEST = 'test/domain/outgoing.test.ts';
const ANCESTRY_TEST = 'test/master/ancestry.test.ts';
const PAUSE_DECIDER_TEST = 'test/domain/pause.test.ts';
const ROUNDS_TEST = 'test/replication/target/checkpoint-rounds.test.ts';

/** The rules that came with many masters. */
export const CONTROL_RULES: readonly Rule[] = [
  {
    name: 'S12',
    sentence: 'A leader acts only inside its own lease, and gives nobody a task that another may still run.',
    mutations: [
      {
        what: 'lets a fail-over outlast the leases of workers',
        file: 'src/worker/tenure.ts',
        find: 'const POLL_PART_OF_LEASE = 1 / 6;',
        replace: 'const POLL_PART_OF_LEASE = 1 / 3;',
        killedIn: 'test/worker/worker.test.ts',
      },
      {
        what: 'counts its lease from the answer to the renewal',
        file: ELECTION,
        find: '      this.#own.renewed(started, leaseMs);\n    } else',
        replace: '      this.#own.renewed(momentOf(clock), leaseMs);\n    } else',
        killedIn: ELECTION_TEST,
      },
      {
        what: 'goes on as a target whose own log went back',
        file: 'src/master/reconcile/contact-judge.ts',
        find: 'if (seen > numberOfCall(synchronization, control.head.position))',
        replace: 'if (seen > numberOfCall(synchronization, 1_000_000))',
        killedIn: 'test/master/two-datacenters.test.ts',
      },
      {
        what: 'numbers its calls from the beginning again after its log went back',
        file: 'src/domain/synchronization/state.ts',
        find: 'Math.max(state.numberOffset, (event.data.above ?? 0) + 1 - position)',
        replace: 'Math.max(state.numberOffset, 0)',
        killedIn: 'test/domain/synchronization.test.ts',
      },
      {
        what: 'believes the monotonic clock alone',
        file: ELECTION,
        find: 'this.#monotonic.holds(monotonicMs) && this.#wall.holds(wallMs)',
        replace: 'this.#monotonic.holds(monotonicMs) && Number.isFinite(wallMs)',
        killedIn: ELECTION_TEST,
      },
      {
        what: 'is held in office by a wall clock that jumped back',
        file: ELECTION,
        find: '    this.#wall.lost();\n    this.#wall.renewed(wallMs, leaseMs);',
        replace: '    this.#wall.renewed(wallMs, leaseMs);\n    this.#monotonic.renewed(wallMs, leaseMs);',
        killedIn: ELECTION_TEST,
      },
      {
        what: 'counts another’s lease from before it was read',
        file: ELECTION,
        find: 'sinceMs: this.#options.clock.monotonicMs() };',
        replace: 'sinceMs: beforeReadMs };',
        killedIn: ELECTION_TEST,
      },
      {
        what: 'gives a task away that its last worker may still run',
        file: 'src/master/reconcile/tasks.ts',
        find: 'const running = memory.ledger.mayRunAnywhere();',
        replace: 'const running = new Set<string>();',
        killedIn: 'test/master/two-datacenters.test.ts',
      },
      {
        what: 'gives tasks of before its term away at once',
        file: 'src/master/reconcile/tasks.ts',
        find: 'if (isOver && !memory.ledger.hasStranger) return notYet;',
        replace: 'if (isOver || notYet.size >= 0) return notYet;',
        killedIn: 'test/master/two-datacenters.test.ts',
      },
      {
        what: 'forgets, as a new leader, that workers may run what the one before took from them',
        file: 'src/master/instruction-ledger.ts',
        find: '    for (const workerId of workerIds) this.#strangers.add(workerId);\n',
        replace: '',
        killedIn: 'test/master/instruction-ledger.test.ts',
      },
      {
        what: 'does not know, as a new leader, what the one before gave out',
        file: 'src/master/instruction-ledger.ts',
        find: '    for (const [workerId, taskIds] of byWorker) this.#sent.set(workerId, [{ version: INHERITED, taskIds }]);\n',
        replace: '',
        killedIn: 'test/master/instruction-ledger.test.ts',
      },
      {
        what: 'decides after it has stood down, while nobody knows whether its resignation was taken',
        file: 'src/master/membership.ts',
        find: '    this.#election.standDown();\n',
        replace: '',
        killedIn: 'test/master/leadership.test.ts',
      },
      {
        what: 'counts the leases of workers from before it led',
        file: 'src/master/presence.ts',
        find: '?? this.#beginsAt)',
        replace: '?? Number.NEGATIVE_INFINITY)',
        killedIn: 'test/master/leadership.test.ts',
      },
      {
        what: 'confirms the instructions of before while those that came in between are still followed',
        file: 'src/worker/tenure.ts',
        find: '    followed.version = undefined;\n',
        replace: '',
        killedIn: 'test/worker/worker.test.ts',
      },
      {
        what: 'lets a synchronization register again that has ended',
        file: 'src/domain/outgoing/decide.ts',
        find: 'epoch !== undefined && epoch <= endedEpoch',
        replace: 'false',
        killedIn: PAUSE_DECIDER_TEST,
      },
      {
        what: 'takes a contact of before a pause for a resumption',
        file: 'src/domain/outgoing/pause.ts',
        find: 'asOf <= pause.asOf',
        replace: 'asOf < 0',
        killedIn: PAUSE_DECIDER_TEST,
      },
      {
        what: 'lends leases to the end of its own',
        file: 'src/master/election.ts',
        find: 'this.mayAct(view) && this.#own?.isFresh(this.#options.clock, this.#options.leaseMs * lendingShare) === true',
        replace: 'this.mayAct(view)',
        killedIn: 'test/master/election.test.ts',
      },
      {
        what: 'takes a call that was sent before the last registration for a new one',
        file: OUTGOING,
        find: 'return asOf !== undefined && target.asOf !== undefined && asOf < target.asOf;',
        replace: 'return asOf !== undefined && target.asOf !== undefined && asOf < 0;',
        killedIn: OUTGOING_TEST,
      },
    ],
  },
  {
    name: 'S18',
    sentence: 'Whoever remembers a head that the log lacks stops; a claim is above every term ever met.',
    mutations: [
      {
        what: 'claims above the log only',
        file: ELECTION,
        find: 'this.#highestTermMet = Math.max(this.#highestTermMet, term);',
        replace: 'this.#highestTermMet = term;',
        killedIn: ELECTION_TEST,
      },
      {
        what: 'begins anew when the log lacks what its snapshot was made at',
        file: 'src/projections/load.ts',
        find: 'if (!(error instanceof LogArchivedPast)) throw error;',
        replace: 'if (error instanceof LogArchivedPast) throw error;',
        killedIn: 'test/projections/control-state.test.ts',
      },
      {
        what: 'goes on after its log was found to lack what it decided from',
        file: 'src/master/control-log.ts',
        find: 'if (error instanceof LogCorrupt) this.#corrupt = error;',
        replace: 'if (error instanceof LogCorrupt) this.#corrupt = undefined;',
        killedIn: 'test/master/control-log.test.ts',
      },
      {
        what: 'keeps to itself that the log lacks what it read',
        file: 'src/master/master.ts',
        find: '      await this.#reportLoss();\n',
        replace: '',
        killedIn: 'test/master/two-datacenters.test.ts',
      },
      {
        what: 'takes any commit at the place where it stands for its own',
        file: 'src/events/chained-log.ts',
        find: 'if (revision !== undefined && this.#seen?.hash === hash && this.#seen.revision === revision) return;',
        replace: 'if (revision !== undefined) return;',
        killedIn: 'test/events/memory-log.test.ts',
      },
      {
        what: 'takes the list of shards of a log that lost its end for the one that it told before',
        file: 'src/domain/version-of.ts',
        find: 'export function versionOf({ position, at }: Occurrence): string {',
        replace: 'export function versionOf({ position }: Occurrence): string {\n  const at = 0;',
        killedIn: 'test/domain/version-of.test.ts',
      },
      {
        what: 'removes what was archived although the state of it is lost',
        file: 'src/events/chained-log.ts',
        find: 'await this.#checkStillThere(headOf(commit), signal);',
        replace: '',
        killedIn: 'test/events/memory-log.test.ts',
      },
      {
        what: 'begins to read at an archived state that the log has lost',
        file: 'src/events/kept-commits.ts',
        find: 'return isLost ? { ...stored, start: { first: oldest, oldest } } : stored;',
        replace: 'return isLost ? { ...stored } : stored;',
        killedIn: 'test/events/memory-log.test.ts',
      },
      {
        what: 'leaves behind what it wrote in vain',
        file: 'src/events/chained-log.ts',
        find: '    await this.#store.remove([commit.position], signal);\n    throw new LogCorrupt(finding);',
        replace: '    throw new LogCorrupt(finding);',
        killedIn: 'test/master/control-log.test.ts',
      },
      {
        what: 'reads on in a log that lacks what it has read before',
        file: 'src/events/chained-log.ts',
        find: "const detail = 'it was there before: the log went back (restored from a backup, or a replica was lost)';",
        replace: "const detail = '';\n      if (detail === '') return;",
        killedIn: 'test/master/leadership.test.ts',
      },
    ],
  },
  {
    name: 'S20',
    sentence: 'What happens to all shards costs one document, not one per shard.',
    mutations: [
      {
        what: 'carries shards that do not stand on the floor',
        file: 'src/replication/target/checkpoint-rounds.ts',
        find: '        members.get(_key) !== floor &&\n',
        replace: '        members.get(_key) === floor &&\n',
        killedIn: ROUNDS_TEST,
      },
      {
        what: 'writes a line for every shard',
        file: 'src/replication/shard-lines.ts',
        find: 'if (before !== undefined) {',
        replace: 'if (before === null) {',
        killedIn: 'test/replication/shard-lines.test.ts',
      },
      {
        what: 'takes a refused login for the failure of every shard',
        file: 'src/replication/target/openings.ts',
        find: 'error.status === 401 || ',
        replace: '',
        killedIn: 'test/replication/target/openings.test.ts',
      },
      {
        what: 'tells no target which streams wait for their turn',
        file: 'src/replication/source/queued-streams.ts',
        find: 'same.push(open.stream);',
        replace: '',
        killedIn: 'test/replication/source/single.test.ts',
      },
      {
        what: 'tells every flicker of the lag',
        file: 'src/worker/report-diff.ts',
        find: 'return nowMs - sent.sentMs >= REFRESH_MS ||',
        replace: 'return nowMs - sent.sentMs >= 0 ||',
        killedIn: 'test/worker/worker.test.ts',
      },
    ],
  },
  {
    name: 'S23',
    sentence:
      'A target belongs to the certificate that registered it, and an identity is believed only under the secret.',
    mutations: [
      {
        what: 'follows a source that follows it',
        file: 'src/domain/synchronization/configure.ts',
        find: 'if (follows.includes(ownDeploymentId)) {',
        replace: 'if (follows.length > 9) {',
        killedIn: ANCESTRY_TEST,
      },
      {
        what: 'goes on in a loop that came about all the same',
        file: 'src/master/reconcile/contact-judge.ts',
        find: 'contact.follows?.includes(this.#core.ports.deployment.id) === true',
        replace: 'contact.follows === null',
        killedIn: ANCESTRY_TEST,
      },
      {
        what: 'tells any certificate how a target fares',
        file: 'src/master/services/status-service.ts',
        find: 'this.#outgoing.assertOwns(targetId, caller);',
        replace: '',
        killedIn: ANCESTRY_TEST,
      },
      {
        what: 'lets any certificate take a registered target over',
        file: OUTGOING,
        find: 'if (known !== undefined && !command.holdsToken && known.fingerprint !== fingerprint)',
        replace: 'if (known !== undefined && command.holdsToken && known.fingerprint !== fingerprint)',
        killedIn: OUTGOING_TEST,
      },
      {
        what: 'lets any certificate have a target forgotten',
        file: OUTGOING,
        find: 'if (fingerprint !== undefined && fingerprint !== target.fingerprint) return notYours(targetId);',
        replace: '',
        killedIn: OUTGOING_TEST,
      },
      {
        what: 'lets any certificate have a barrier set',
        file: 'src/domain/outgoing/barrier.ts',
        find: 'if (target.fingerprint !== fingerprint) return notYours(targetId);',
        replace: '',
        killedIn: 'test/domain/barrier.test.ts',
      },
      {
        what: 'believes whose identity a token tells that nobody of ours signed',
        file: AUTHENTICATION,
        find: 'verifyJwt(token, secret, this.#now())',
        replace: "JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())",
        killedIn: 'test/adapters/http/authentication.test.ts',
      },
      {
        what: 'takes queue tokens whose signature is another one',
        file: 'src/adapters/mq/token.ts',
        find: '=> equalInConstantTime(signature,',
        replace: '=> !equalInConstantTime(signature,',
        killedIn: 'test/adapters/mq/token.test.ts',
      },
    ],
  },
];
