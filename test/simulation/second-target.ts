import { SimProcess } from './process.ts';
import type { Site } from './site.ts';
import { openSimSource, type SimTarget } from './source-masters.ts';
import type { World } from './world.ts';

const contactMs = 2_000;
const holdMsMax = 6_000;

/**
 * Another target of the first source, as far as its source sees it: it registers, sets barriers, stops behind them or
 * lifts them, and comes again. Its certificate is its own, and now and then it means somebody else's id (S23).
 */
export class SecondTarget {
  readonly id = 'c';
  readonly #world: World;
  readonly #source: Site;
  readonly #process: SimProcess;
  #isOver = false;
  #life: Promise<void> = Promise.resolve();

  constructor(world: World, source: Site) {
    this.#world = world;
    this.#source = source;
    this.#process = new SimProcess(world, 'c-master');
  }

  begin(): void {
    this.#life = this.#live();
  }

  /** It goes, for good: again, should a call of before still be on its way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#life;
    void this.#going();
  }

  async #going(): Promise<void> {
    for (;;) {
      const isKnown = this.#source.chronicle.state.outgoing.has(this.id);
      if (isKnown)
        await this.#masters()
          .forget(this.id, {}, this.#signal())
          .catch(() => undefined);
      await this.#process.clock.sleep(contactMs);
    }
  }

  async #live(): Promise<void> {
    while (!this.#isOver) {
      const { random } = this.#world;
      await this.#process.clock.sleep(random.between(0, 2 * contactMs));
      if (this.#isOver) return;
      try {
        await this.#contact();
        if (random.chance(0.2)) await this.#meddle();
        if (random.chance(0.3)) await this.#behindBarrier();
      } catch (error) {
        this.#process.logger.info(`failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  async #contact(): Promise<void> {
    const registration = { id: this.id, target: ['https://c.public:8629'], channels: { inventory: 'c.inventory' } };
    await this.#masters().register(registration, this.#signal());
  }

  /** Stops in sync, or thinks better of it. */
  async #behindBarrier(): Promise<void> {
    const { random } = this.#world;
    const masters = this.#masters();
    const { epoch } = await masters.setBarrier(this.id, this.#signal());
    await this.#process.clock.sleep(random.between(0, holdMsMax));
    if (random.chance(0.5)) await masters.liftBarrier(this.id, this.#signal());
    else await masters.forget(this.id, { barrierEpoch: epoch }, this.#signal());
  }

  /** What is another target's does not answer to our certificate. */
  async #meddle(): Promise<void> {
    const masters = this.#masters();
    const other = this.#source.other?.id ?? '';
    const ways = [
      () => masters.forget(other, {}, this.#signal()),
      () => masters.liftBarrier(other, this.#signal()),
      () => masters.setBarrier(other, this.#signal()),
      () => masters.putShards(other, { version: 'mine', shards: [] }, this.#signal()),
    ];
    this.#process.logger.info(`means ${other}`);
    await this.#world.random.pick(ways)?.();
  }

  #masters(): ReturnType<ReturnType<typeof openSimSource>> {
    const source = this.#source;
    const target: SimTarget = {
      id: this.id,
      network: source.network,
      from: this.#process,
      source,
      listening: (endpoint) => source.listening(endpoint),
      onTold: () => undefined,
    };
    const endpoints = source.masters.map(({ publicEndpoint }) => publicEndpoint);
    return openSimSource(target)(endpoints, { clientCertificate: '', clientKey: '', caCertificate: '' });
  }

  #signal(): AbortSignal {
    return new AbortController().signal;
  }
}
