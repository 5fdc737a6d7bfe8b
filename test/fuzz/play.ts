import { targetStatus } from '../../cli/demo/status.ts';
import { eventually } from '../e2e/support/eventually.ts';
import type { Pair } from '../e2e/support/pair.ts';
import { createCollection } from './collection-operations.ts';
import { createDatabase } from './database-operations.ts';
import { FaultMaker, planFaults } from './faults.ts';
import { allOperations } from './operations.ts';
import { confirmDrops } from './same.ts';
import { endAll } from './transaction-operations.ts';
import { World } from './world.ts';

/** The hour that the traffic stands for: the servers' revisions begin so far back and end now. */
const HOUR_MS = 60 * 60_000;
const CLOCK_STEPS = 60;
/** An operator looks after so many operations. */
const CONFIRM_EVERY = 40;

/** The operations of one seed, at the source of a pair, with faults between them. */
export class Play {
  readonly #pair: Pair;
  readonly #count: number;
  readonly #world: World;
  readonly #lines: string[] = [];
  #operations = 0;
  #faults = 0;

  constructor(pair: Pair, seed: number, count: number) {
    this.#pair = pair;
    this.#count = count;
    this.#world = new World(pair.source.database, seed);
  }

  get operations(): number {
    return this.#operations;
  }

  get faults(): number {
    return this.#faults;
  }

  /** What was done, each with its time, the newest last. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Something to begin with; resolves once the target follows: what comes after is what is tested. */
  async begin(): Promise<void> {
    await this.#setClock(0);
    for (let index = 0; index < 2; index += 1) this.#say(await createDatabase(this.#world));
    for (let index = 0; index < 4; index += 1) this.#say(await createCollection(this.#world));
    await this.#pair.configure();
    await eventually('every shard running', 120_000, async () => {
      const { status, running, total } = await targetStatus(this.#pair.target.masters);
      return status === 'running' && total > 0 && running === total;
    });
  }

  async run(): Promise<void> {
    const faults = planFaults(this.#world.dice, this.#count);
    const maker = new FaultMaker(this.#pair, this.#world, () => this.#playOne());
    do {
      for (let next = faults[0]; next !== undefined && next.at <= this.#operations; next = faults[0]) {
        faults.shift();
        this.#say(await maker.happen(next.kind));
        this.#faults += 1;
      }
    } while (await this.#playOne());
    await endAll(this.#world);
  }

  /** False: all have been played. */
  async #playOne(): Promise<boolean> {
    if (this.#operations >= this.#count) return false;
    if (this.#operations % Math.ceil(this.#count / CLOCK_STEPS) === 0) await this.#setClock(this.#operations);
    if (this.#operations % CONFIRM_EVERY === 0) await confirmDrops(this.#pair);
    for (;;) {
      const done = await this.#world.dice.weighted(allOperations).run(this.#world);
      if (done === undefined) continue;
      this.#operations += 1;
      this.#say(done);
      return true;
    }
  }

  async #setClock(operations: number): Promise<void> {
    const behindMs = Math.round(HOUR_MS * (1 - operations / this.#count));
    const { source, target } = this.#pair;
    await Promise.all([source, target].map((side) => side.control('clock', { behindMs })));
  }

  #say(line: string | undefined): void {
    if (line !== undefined) this.#lines.push(`${new Date().toISOString()} ${line}`);
  }
}
