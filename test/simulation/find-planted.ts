import { PLANTED_BUGS, type PlantedBug } from './planted.ts';
import type { SeedResult } from './run-seed.ts';
import { runSeeds, type Seeds } from './run-seeds.ts';

/**
 * Runs the simulation with each bug in the program, some at once, and prints a table: rule, bug, the seed that found it.
 * True: each was found.
 */
export async function findPlanted(jobs: number, say: (line: string) => void): Promise<boolean> {
  const startedMs = performance.now();
  const queue = [...PLANTED_BUGS];
  const overlooked: PlantedBug[] = [];
  const findNext = async (): Promise<void> => {
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      const finding = await findingOf(bug);
      if (finding === undefined) overlooked.push(bug);
      say(lineOf(bug, finding));
    }
  };
  say('| rule | what the program does then | found by seed | what is broken |\n|---|---|---|---|');
  await Promise.all(Array.from({ length: jobs }, findNext));
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  say(`${PLANTED_BUGS.length - overlooked.length} of ${PLANTED_BUGS.length} planted bugs found in ${seconds} s`);
  for (const { rule, what } of overlooked) say(`overlooked: ${rule}, ${what}`);
  return overlooked.length === 0;
}

function lineOf(bug: PlantedBug, finding: SeedResult | undefined): string {
  const { rule, what, firstSeed, seedsMax } = bug;
  const found =
    finding === undefined ? [`none of ${seedsMax} from ${firstSeed}`, ''] : [finding.seed, finding.violation];
  return `| ${[rule, what, ...found].join(' | ')} |`;
}

/** Undefined when all seeds pass. Throws when a history cannot be run at all. */
export async function findingOf(bug: PlantedBug): Promise<SeedResult | undefined> {
  const { firstSeed: first, seedsMax: count, faults, file, find, replace } = bug;
  const how = { jobs: 1, lines: 0, faults };
  const results = await runSeeds({ first, count, ...how, planted: { file, find, replace } });
  const found = results.find(({ violation }) => violation !== undefined);
  if (found !== undefined) await assertPasses(found.seed, how);
  return found;
}

/** A seed that fails without the bug as well shows nothing. */
async function assertPasses(seed: number, how: Pick<Seeds, 'jobs' | 'lines' | 'faults'>): Promise<void> {
  const [{ violation } = {}] = await runSeeds({ first: seed, count: 1, ...how, ownProcess: true });
  if (violation !== undefined) throw new Error(`seed ${seed} fails without a planted bug: ${violation}`);
}
