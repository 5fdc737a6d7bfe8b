import type { Mutation } from '../safety/rules.ts';
import type { FaultName } from './faults.ts';

/** A bug put in on purpose, which some seed has to find. */
export interface PlantedBug extends Omit<Mutation, 'killedIn'> {
  /** The rule that it takes out. */
  readonly rule: string;
  /** The first one that finds it, so that all are found within minutes: those before it were tried. 1 where none is known. */
  readonly firstSeed: number;
  /** Seeds tried before the bug counts as overlooked. */
  readonly seedsMax: number;
  /** What has to go wrong for it to be seen; what is rarely met in histories of all kinds is found among these alone. */
  readonly faults?: readonly FaultName[];
}

const COMMAND_DESK = 'src/master/command-desk.ts';
const CHAINED_LOG = 'src/events/chained-log.ts';
const ELECTION = 'src/master/election.ts';
const RECONCILE_TASKS = 'src/master/reconcile/tasks.ts';
const TARGET_MODE = 'src/master/reconcile/target-mode.ts';
const OUTGOING = 'src/domain/outgoing/decide.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    rule: 'S12',
    what: 'a missing fence: decides without asking whether it still leads',
    file: COMMAND_DESK,
    find: `  #term(): number {
    this.assertLeads();
`,
    replace: '  #term(): number {\n',
    firstSeed: 28,
    seedsMax: 200,
  },
  {
    rule: 'S11',
    what: 'a lost append result: believes that a commit is in the log though nobody said so',
    file: CHAINED_LOG,
    find: "if (outcome === 'inserted') return undefined;",
    replace: "if (outcome !== 'taken') return undefined;",
    firstSeed: 12,
    seedsMax: 200,
  },
  {
    rule: 'S12',
    what: 'a lease judged by the wall clock: takes it for one that only goes forward',
    file: 'src/master/master.ts',
    find: 'const { clock, leases, random } = ports;',
    replace: `const { leases, random } = ports;
    const sleep = (ms: number, signal?: AbortSignal) => ports.clock.sleep(ms, signal);
    const clock = { now: () => ports.clock.now(), monotonicMs: () => ports.clock.now().getTime(), sleep };`,
    firstSeed: 85,
    seedsMax: 200,
  },
  {
    rule: 'S3',
    what: 'keeps the epoch although the target was writable',
    file: TARGET_MODE,
    find: 'await this.#endEpoch(epoch, signal);',
    replace: '',
    firstSeed: 30,
    seedsMax: 200,
  },
  {
    rule: 'S8',
    what: 'lets a target stop behind a barrier that was broken',
    file: OUTGOING,
    find: 'barrierEpoch !== undefined && !holds(target, barrierEpoch)',
    replace: 'false',
    firstSeed: 17,
    seedsMax: 400,
  },
  {
    rule: 'S8',
    what: 'establishes a barrier while transactions run',
    file: 'src/master/reconcile/barriers.ts',
    find: 'if (writes.length > 0)',
    replace: 'if (writes.length > 9_000)',
    firstSeed: 6,
    seedsMax: 400,
  },
  {
    rule: 'S8',
    what: 'establishes a barrier before the last writes have ended',
    file: 'src/master/reconcile/barriers.ts',
    find: 'await clock.sleep(settings.times.barrierQuietMs, signal);',
    replace: '',
    firstSeed: 30,
    seedsMax: 400,
  },
  {
    rule: 'S8',
    what: 'stops although the source has collections that nobody follows',
    file: 'src/master/reconcile/in-sync.ts',
    find: 'return { inSync, notInSync: isUnknown ? Math.max(1, notInSync) : notInSync };',
    replace: 'return { inSync, notInSync: total - inSync };',
    firstSeed: 12,
    seedsMax: 400,
  },
  {
    rule: 'S9',
    what: 'makes the source writable although a barrier holds',
    file: 'src/domain/server-mode/state.ts',
    find: 'if ([...outgoing.values()].some(({ barrier }) => barrier !== null)) ',
    replace: 'if (outgoing.size > 9) ',
    firstSeed: 5,
    seedsMax: 200,
  },
  {
    rule: 'S10',
    what: 'a missing fence: takes a free position for the end of the log',
    file: CHAINED_LOG,
    find: '    await this.#checkPredecessor(commit, expected, signal);\n',
    replace: '',
    firstSeed: 60,
    seedsMax: 500,
  },
  {
    rule: 'S12',
    what: 'a missing fence: gives a task on while its last worker may still run it',
    file: RECONCILE_TASKS,
    find: 'const notYet = new Set([...running, ...written]);',
    replace: 'const notYet = new Set<string>(written);',
    firstSeed: 195,
    seedsMax: 200,
  },
  {
    rule: 'S12',
    what: 'does not wait, as a new leader, for a worker of before that lives on by its own answer',
    file: RECONCILE_TASKS,
    find: 'if (isOver && !memory.ledger.hasStranger) return notYet;',
    replace: 'if (isOver) return notYet;',
    firstSeed: 7_395,
    seedsMax: 400,
  },
  {
    rule: 'S12',
    what: 'believes its lease although its machine was asleep',
    file: ELECTION,
    find: 'return this.#monotonic.holds(monotonicMs) && this.#wall.holds(wallMs);',
    replace: 'return this.#monotonic.holds(monotonicMs) && wallMs > 0;',
    firstSeed: 22,
    seedsMax: 400,
  },
  {
    rule: 'S23',
    what: 'lets another certificate stop a target',
    file: OUTGOING,
    find: 'if (fingerprint !== undefined && fingerprint !== target.fingerprint) return notYours(targetId);',
    replace: '',
    firstSeed: 1,
    seedsMax: 400,
  },
  {
    rule: 'S23',
    what: 'lets another certificate lift a barrier',
    file: 'src/domain/outgoing/barrier.ts',
    find: 'if (fingerprint !== undefined && fingerprint !== target.fingerprint) return notYours(targetId);',
    replace: '',
    firstSeed: 240,
    seedsMax: 500,
  },
  {
    rule: 'S23',
    what: 'follows a datacenter that follows it',
    file: 'src/domain/synchronization/configure.ts',
    find: 'if (follows.includes(ownDeploymentId)) {',
    replace: 'if (follows.length > 9) {',
    firstSeed: 50,
    seedsMax: 400,
  },
  {
    rule: 'S4',
    what: 'gives workers tokens that outlast their lease',
    file: 'src/master/cluster-tokens.ts',
    find: 'nowMs - waitedMs + this.#leaseMs',
    replace: 'nowMs - waitedMs + 10 * this.#leaseMs',
    firstSeed: 1,
    seedsMax: 500,
  },
  {
    rule: 'S4',
    what: 'ends tokens by a wall clock that jumped',
    file: 'src/master/cluster-tokens.ts',
    find: `    if (passedMs >= compareEveryMs || Math.abs(byWallMs - passedMs) > jumpMsMin) return undefined;
    return serverMs + passedMs;`,
    replace: `    if (passedMs >= compareEveryMs) return undefined;
    return serverMs + byWallMs;`,
    firstSeed: 1,
    seedsMax: 500,
  },
  {
    rule: 'S8',
    what: 'makes the source read-only again without saying that it was writable',
    file: 'src/master/reconcile/server-mode.ts',
    find: "if (wanted === 'readonly') await this.#barriers.liftBroken(signal);",
    replace: '',
    firstSeed: 650,
    seedsMax: 500,
  },
  {
    rule: 'S18',
    what: 'goes on although its log has lost what it remembers',
    file: CHAINED_LOG,
    find: 'if (commits.length === 0) await this.#checkStillThere(after, signal);',
    replace: '',
    firstSeed: 1,
    seedsMax: 100,
    faults: ['log goes back', 'crash'],
  },
];
