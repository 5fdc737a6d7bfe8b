import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Mutation } from '../safety/rules.ts';
import type { FaultName } from './faults.ts';
import { PLANTED_IN_ENVIRONMENT } from './plant.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

const child = fileURLToPath(new URL('run-seeds-child.ts', import.meta.url));
const plant = new URL('plant.ts', import.meta.url).href;

const seedsPerProcessMax = 50;
const seedsInOwnProcessMax = 3;

export interface Seeds {
  readonly first: number;
  readonly count: number;
  /** Processes that run them. */
  readonly jobs: number;
  /** How much of the end of each history is kept. */
  readonly lines: number;
  /** Only these go wrong, and each of them often. */
  readonly faults?: readonly FaultName[] | undefined;
  /** A bug that is put into the program first, in processes of their own. */
  readonly planted?: Pick<Mutation, 'file' | 'find' | 'replace'>;
  /** Also few histories run in a process of their own: several may run at once, and each moves timers and limits. */
  readonly ownProcess?: boolean;
}

/** What a process of ours is asked for. */
export interface SeedAsked {
  readonly seed: number;
  readonly lines: number;
  readonly faults?: readonly FaultName[] | undefined;
}

/** Results in the order of their seeds, up to the first failure of all. */
export async function runSeeds(seeds: Seeds): Promise<readonly SeedResult[]> {
  const results: SeedResult[] = [];
  const line = new Line(seeds, results);
  const isHere = seeds.count <= seedsInOwnProcessMax && seeds.planted === undefined && seeds.ownProcess !== true;
  if (isHere) await line.serve((asked) => runSeed(asked.seed, asked));
  else await Promise.all(Array.from({ length: Math.min(seeds.jobs, seeds.count) }, () => inProcesses(line, seeds)));
  results.sort((a, b) => a.seed - b.seed);
  const failed = results.findIndex(({ violation }) => violation !== undefined);
  return failed < 0 ? results : results.slice(0, failed + 1);
}

/** Seeds that wait. After a failure no more are given out: all lower ones have been already. */
class Line {
  readonly #seeds: Seeds;
  readonly #results: SeedResult[];
  #next: number;

  constructor(seeds: Seeds, results: SeedResult[]) {
    this.#seeds = seeds;
    this.#results = results;
    this.#next = seeds.first;
  }

  get isOver(): boolean {
    return this.#next >= this.#seeds.first + this.#seeds.count;
  }

  async serve(run: (asked: SeedAsked) => Promise<SeedResult>, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    const { first, count, lines, faults } = this.#seeds;
    for (let served = 0; served < atMost && !this.isOver; served += 1) {
      const seed = this.#next;
      this.#next += 1;
      const result = await run({ seed, lines, faults });
      // Of those that pass nobody reads the end.
      this.#results.push(result.violation === undefined && count > 1 ? { ...result, lines: [] } : result);
      if (result.violation !== undefined) this.#next = first + count;
    }
  }
}

/** A history ends with promises that wait for ever, and those keep some MB each: now and then another process goes on. */
async function inProcesses(line: Line, { planted }: Seeds): Promise<void> {
  const how = planted === undefined ? {} : withPlanted(planted);
  while (!line.isOver) {
    const process = fork(child, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...how });
    try {
      await line.serve((asked) => askChild(process, asked), seedsPerProcessMax);
    } finally {
      process.kill();
    }
  }
}

function withPlanted(planted: NonNullable<Seeds['planted']>): Pick<ForkOptions, 'env' | 'execArgv'> {
  const env = { ...process.env, [PLANTED_IN_ENVIRONMENT]: JSON.stringify(planted) };
  return { env, execArgv: [...process.execArgv, `--import=${plant}`] };
}

async function askChild(process: ChildProcess, asked: SeedAsked): Promise<SeedResult> {
  const over = new AbortController();
  const { signal } = over;
  const died = once(process, 'exit', { signal }).then(([code]) => {
    throw new Error(`the process that ran seed ${asked.seed} ended with ${String(code)}`);
  });
  process.send(asked);
  try {
    const [result] = await Promise.race([once(process, 'message', { signal }), died]);
    return result as SeedResult;
  } finally {
    died.catch(() => undefined);
    over.abort();
  }
}
