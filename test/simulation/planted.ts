import type { Mutation } from '../safety/rules.ts';

/** A bug put in on purpose, which some seed has to find. */
export interface PlantedBug extends Omit<Mutation, 'killedIn'> {
  readonly name: string;
  /** Seeds tried before the bug counts as overlooked. */
  readonly seedsMax: number;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a missing fence: a deposed leader decides on',
    what: 'decides without asking whether it still leads',
    file: 'src/master/command-desk.ts',
    find: `  #term(): number {
    this.assertLeads();
`,
    replace: '  #term(): number {\n',
    seedsMax: 200,
  },
  {
    name: 'a lost append result: an unknown outcome passes for success (S11)',
    what: 'believes that a commit is in the log though nobody said so',
    file: 'src/events/chained-log.ts',
    find: "if (outcome === 'inserted') return undefined;",
    replace: "if (outcome !== 'taken') return undefined;",
    seedsMax: 200,
  },
  {
    name: 'a lease judged by the wall clock (S12)',
    what: 'takes the wall clock for one that only goes forward',
    file: 'src/master/master.ts',
    find: 'const { clock, leases, random } = ports;',
    replace: `const { leases, random } = ports;
    const sleep = (ms: number, signal?: AbortSignal) => ports.clock.sleep(ms, signal);
    const clock = { now: () => ports.clock.now(), monotonicMs: () => ports.clock.now().getTime(), sleep };`,
    seedsMax: 200,
  },
  {
    name: 'a missing fence: two writers of a task (S12)',
    what: 'gives a task on while its last worker may still run it',
    file: 'src/master/reconcile/tasks.ts',
    find: 'const notYet = new Set([...running, ...written]);',
    replace: 'const notYet = new Set<string>(written);',
    seedsMax: 200,
  },
  {
    name: 'a missing fence: two writers of a shard (S17)',
    what: 'gives a shard on under another task while its last worker may still write it',
    file: 'src/master/reconcile/tasks.ts',
    find: 'const notYet = new Set([...running, ...written]);',
    replace: 'const notYet = new Set(running);',
    seedsMax: 500,
  },
  {
    name: 'a missing fence: archived holes (S10)',
    what: 'takes a free position for the end of the log',
    file: 'src/events/chained-log.ts',
    find: '    await this.#checkPredecessor(commit, expected, signal);\n',
    replace: '',
    seedsMax: 500,
  },
];
