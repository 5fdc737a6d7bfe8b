import type { MasterNode } from './master-node.ts';
import { calm, type Network } from './network.ts';
import type { Site } from './site.ts';
import type { WorkerNode } from './worker-node.ts';
import type { World } from './world.ts';

/** Everything that can go wrong, by name; each lasts for a while and heals. */
export const faultNames = [
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
  'log goes back',
] as const;
export type FaultName = (typeof faultNames)[number];

const awaitsMax = 400;
/** It is rare, and ends everything that runs. */
const logGoesBackShare = 0.12;
/** In a few histories it is what mostly happens. */
const logGoesBackOftenShare = 0.05;
/** A replica that lags a little, or a backup that was restored. */
const commitsLostMax = [8, 300] as const;

/** Injects faults into both datacenters until it is told to stop. */
export class Faults {
  readonly counts = new Map<FaultName, number>();
  readonly #world: World;
  readonly #network: Network;
  readonly #sites: readonly Site[];
  /** A seed has some of the faults only, so that each also happens without the others. */
  readonly #enabled: readonly FaultName[];
  readonly #meanMs: number;
  readonly #goesBackShare: number;
  readonly #heals = new Set<() => void>();
  /** Places in which a process will be started. */
  readonly #starting = new Set<object>();
  #isOver = false;

  /** `only`: these and no others, and each of them often. */
  constructor(world: World, network: Network, sites: readonly Site[], only?: readonly FaultName[]) {
    this.#world = world;
    this.#network = network;
    this.#sites = sites;
    const share = world.random.between(0.2, 1);
    this.#enabled = only ?? faultNames.filter(() => world.random.chance(share));
    this.#meanMs = world.random.between(400, 4_000);
    const isOften = only !== undefined || world.random.chance(logGoesBackOftenShare);
    this.#goesBackShare = isOften ? 1 : logGoesBackShare;
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
    const site = this.#world.random.pick(this.#sites);
    if (site !== undefined) this.#injections[name](site);
  }

  readonly #injections: Readonly<Record<FaultName, (site: Site) => void>> = {
    crash: (site) =>
      this.#withNode(site, (node) => {
        node.process.crash('by a fault');
        this.startSoon(node);
      }),
    'crash at an await': (site) =>
      this.#withNode(site, ({ process }) => process.crashAfter(1 + this.#world.random.below(awaitsMax))),
    freeze: (site) =>
      this.#withNode(site, ({ process }) => {
        process.freeze();
        this.#heal(200, 12_000, () => process.wake());
      }),
    suspend: (site) =>
      this.#withNode(site, ({ process }) => {
        process.suspend();
        this.#heal(200, 12_000, () => process.wake());
      }),
    'clean stop': (site) => this.#withNode(site, (node) => void node.stop()),
    'clock jump': (site) =>
      this.#withNode(site, ({ process }) => process.jumpWallClock(this.#world.random.between(-60_000, 60_000))),
    'cut off': (site) =>
      this.#withNode(site, ({ name }) => {
        const database = site.database.process.name;
        const other = this.#world.random.chance(0.5)
          ? database
          : (this.#world.random.pick(site.masters)?.name ?? database);
        if (other !== name) this.#heal(500, 12_000, this.#network.cut(name, other));
      }),
    'cut sites': () => this.#heal(500, 8_000, this.#network.cut('a-', 'b-')),
    'bad weather': () => {
      const share = () => this.#world.random.between(0, 0.15);
      this.#network.weather = { lost: share(), delayed: share(), repeated: share() };
      this.#world.note(`weather ${JSON.stringify(this.#network.weather)}`);
      this.#heal(500, 8_000, () => {
        this.#network.weather = calm;
      });
    },
    'broken answers': ({ database }) => {
      database.brokenAnswers = this.#world.random.between(0, 0.3);
      this.#heal(500, 6_000, () => {
        database.brokenAnswers = 0;
      });
    },
    'log goes back': (site) => {
      const { random } = this.#world;
      if (random.chance(this.#goesBackShare)) site.loseEndOfLog(1 + random.below(random.pick(commitsLostMax) ?? 1));
    },
    'database away': ({ database }) => {
      database.process.freeze();
      this.#heal(500, 8_000, () => database.process.wake());
    },
  };

  /** Whoever died is started again, as a service manager does. */
  tend(): void {
    for (const node of this.#nodes()) if (node.process.isDead) this.startSoon(node);
  }

  startSoon(node: { start(): void; readonly process: { readonly isDead: boolean } }): void {
    if (this.#starting.has(node)) return;
    this.#starting.add(node);
    this.#world.plan(this.#world.random.between(100, 8_000), () => {
      this.#starting.delete(node);
      if (node.process.isDead) node.start();
    });
  }

  /** After a while, or at once when the faults are over. */
  #heal(msMin: number, msMax: number, heal: () => void): void {
    const once = () => {
      if (this.#heals.delete(once)) heal();
    };
    this.#heals.add(once);
    this.#world.plan(this.#world.random.between(msMin, msMax), once);
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
