import type { Site } from './site.ts';
import type { World } from './world.ts';

/** A write that a server has taken is over within this time, or it is a transaction: less than `barrierQuietMs`. */
const writeMsMax = 900;
const transactionMsMax = 4_000;
const transactionShare = 0.08;
const slowShare = 0.3;
/** Of the writes that go to the datacenter which most use: the source. */
const sourceShare = 0.8;

/** People and services that write wherever they are let. */
export class Users {
  written = 0;
  refused = 0;
  readonly #world: World;
  readonly #sides: () => { readonly source: Site; readonly target: Site };
  #isOver = false;

  constructor(world: World, sides: () => { readonly source: Site; readonly target: Site }) {
    this.#world = world;
    this.#sides = sides;
  }

  begin(): void {
    this.#writing();
  }

  end(): void {
    this.#isOver = true;
  }

  #writing(): void {
    if (this.#isOver) return;
    const { random } = this.#world;
    const { source, target } = this.#sides();
    this.#write(random.chance(sourceShare) ? source : target);
    this.#world.plan(random.between(50, 400), () => this.#writing());
  }

  #write(site: Site): void {
    const { random } = this.#world;
    const name = random.pick(site.users.names);
    if (name === undefined) return;
    if (!site.users.isWritable || !site.database.process.isRunning) {
      this.refused += 1;
      return;
    }
    if (random.chance(transactionShare)) {
      this.#transact(site, name);
      return;
    }
    this.#world.plan(random.chance(slowShare) ? random.between(0, writeMsMax) : 0, () => this.#land(site, name));
  }

  /** Begun while the server was writable, it may end after it became read-only, as on real servers. */
  #transact(site: Site, name: string): void {
    const id = site.newId();
    const { transactions } = site.users;
    transactions.push(id);
    this.#world.plan(this.#world.random.between(100, transactionMsMax), () => {
      this.#land(site, name);
      transactions.splice(transactions.indexOf(id), 1);
    });
  }

  #land(site: Site, name: string): void {
    this.written += 1;
    if (site.users.write(name, this.written)) site.barriers.acknowledged(this.written);
  }
}
