import type { MasterNode } from './master-node.ts';
import { calm, type Network } from './network.ts';
import type { Site } from './site.ts';
import type { WorkerNode } from './worker-node.ts';
import type { World } from './world.ts';

/** Everything that can go wrong, by name; each lasts for a while and heals. */
export type FaultName =
  | 'crash'
  | 'crash at an await'
  | 'freeze'
  | 'suspend'
  | 'clean stop'
  | 'clock jump'
  | 'cut off'
  | 'cut sites'
  | 'bad weather'
  | 'broken answers'
  | 'database away';

const names: readonly FaultName[] = [
  'crash',
  'crash at an await',
  'freeze',
  'suspend',
  'clean stop',
  'clock jump',
  'cut off',
  'cut sites',
  'bad weather',
  'broken answers',
  'database away',
];

const awaitsMax = 400;

/** Injects faults into both datacenters until it is told to stop. */
export class Faults {
  readonly counts = new Map<FaultName, number>();
  readonly #world: World;
  readonly #network: Network;
  readonly #sites: readonly Site[];
  /** A seed has some of the faults only, so that each also happens without the others. */
  readonly #enabled: readonly FaultName[];
  readonly #meanMs: number;
  readonly #heals = new Set<() => void>();
  #isOver = false;

  constructor(world: World, network: Network, sites: readonly Site[], only: readonly FaultName[] = names) {
    this.#world = world;
    this.#network = network;
    this.#sites = sites;
    const share = world.random.between(0.2, 1);
    this.#enabled = only.filter(() => world.random.chance(share));
    this.#meanMs = world.random.between(400, 4_000);
    world.note(`faults: ${this.#enabled.join(', ')}`);
  }

  begin(): void {
    this.#world.plan(this.#world.random.between(0, 2 * this.#meanMs), () => {
      if (this.#isOver) return;
      const name = this.#world.random.pick(this.#enabled);
      if (name !== undefined) {
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
        this.#inject(name);
      }
      this.begin();
    });
  }

  /** Heals everything; from now on nothing goes wrong. */
  end(): void {
    this.#world.note('faults are over');
    this.#isOver = true;
    for (const heal of [...this.#heals]) heal();
    for (const node of this.#nodes()) {
      node.process.crashAfter(Number.POSITIVE_INFINITY);
      node.process.wake();
      if (node.process.isDead) node.start();
    }
  }

  #inject(name: FaultName): void {
    const { random } = this.#world;
    const site = random.pick(this.#sites) as Site;
    switch (name) {
      case 'crash':
        return this.#withNode(site, (node) => {
          node.process.crash('by a fault');
          this.startSoon(node);
        });
      case 'crash at an await':
        return this.#withNode(site, (node) => node.process.crashAfter(1 + random.below(awaitsMax)));
      case 'freeze':
        return this.#withNode(site, (node) => {
          const { process } = node;
          process.freeze();
          this.#heal(random.between(200, 12_000), () => process.wake());
        });
      case 'suspend':
        return this.#withNode(site, (node) => {
          const { process } = node;
          process.suspend();
          this.#heal(random.between(200, 12_000), () => process.wake());
        });
      case 'clean stop':
        return this.#withNode(site, (node) => void node.stop());
      case 'clock jump':
        return this.#withNode(site, ({ process }) => process.jumpWallClock(random.between(-60_000, 60_000)));
      case 'cut off':
        return this.#withNode(site, ({ name: one }) => {
          const database = site.database.process.name;
          const other = random.chance(0.5) ? database : (random.pick(site.masters)?.name ?? database);
          if (other !== one) this.#heal(random.between(500, 12_000), this.#network.cut(one, other));
        });
      case 'cut sites':
        return this.#heal(random.between(500, 8_000), this.#network.cut('a-', 'b-'));
      case 'bad weather': {
        const weather = {
          lost: random.between(0, 0.15),
          delayed: random.between(0, 0.15),
          repeated: random.between(0, 0.15),
        };
        this.#network.weather = weather;
        this.#world.note(`weather ${JSON.stringify(weather)}`);
        return this.#heal(random.between(500, 8_000), () => {
          this.#network.weather = calm;
        });
      }
      case 'broken answers':
        site.database.brokenAnswers = random.between(0, 0.3);
        return this.#heal(random.between(500, 6_000), () => {
          site.database.brokenAnswers = 0;
        });
      case 'database away': {
        const { process } = site.database;
        process.freeze();
        return this.#heal(random.between(500, 8_000), () => process.wake());
      }
    }
  }

  /** Whoever died is started again, as a service manager does. */
  tend(): void {
    if (this.#isOver) return;
    for (const node of this.#nodes()) if (node.process.isDead) this.startSoon(node);
  }

  readonly #starting = new Set<object>();

  startSoon(node: { start(): void; readonly process: { readonly isDead: boolean } }): void {
    if (this.#starting.has(node)) return;
    this.#starting.add(node);
    this.#world.plan(this.#world.random.between(100, 8_000), () => {
      this.#starting.delete(node);
      if (node.process.isDead) node.start();
    });
  }

  #heal(afterMs: number, heal: () => void): void {
    const once = () => {
      if (this.#heals.delete(once)) heal();
    };
    this.#heals.add(once);
    this.#world.plan(afterMs, once);
  }

  #nodes(): readonly (MasterNode | WorkerNode)[] {
    return this.#sites.flatMap(({ masters, workers }) => [...masters, ...workers]);
  }

  /** Leaders are worth more attention than others. */
  #withNode(site: Site, harm: (node: MasterNode | WorkerNode) => void): void {
    const { random } = this.#world;
    const leader = site.masters.find(({ master }) => master?.leads === true);
    const nodes = [...site.masters, ...site.workers].filter(({ process }) => process.isRunning);
    const node = leader !== undefined && random.chance(0.4) ? leader : random.pick(nodes);
    if (node?.process.isRunning) harm(node);
  }
}
