import type { ArangoDeployment } from '../arango.ts';
import { Doorbell } from './doorbell.ts';
import { type Environment, UNINTERRUPTED } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { ToldUsers } from './told-users.ts';
import { type Topology, takeTopology } from './topology.ts';

/**
 * Knows the source's structure: polls slowly, and at once when something says that it changed (a structure marker in a
 * log, a receiver that asks). After a change it looks once more soon, so that a receiver gets two that agree (S1).
 */
export class StructureWatch {
  readonly #deployment: ArangoDeployment;
  readonly #environment: Environment;
  readonly #limits: SourceLimits;
  readonly #bell = new Doorbell();
  readonly #users: ToldUsers;
  readonly #listeners = new Set<(topology: Topology) => void>();
  #latest: Topology | undefined;
  #taking: Promise<Topology> | undefined;
  #failing: string | undefined;
  #isWanted = false;

  constructor(deployment: ArangoDeployment, environment: Environment, limits: SourceLimits) {
    this.#deployment = deployment;
    this.#environment = environment;
    this.#limits = limits;
    this.#users = new ToldUsers(deployment);
  }

  get latest(): Topology | undefined {
    return this.#latest;
  }

  /** Told of every topology that was taken, changed or not. */
  listen(listener: (topology: Topology) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Users belong to every topology taken from now on, until what is returned is called. */
  followUsers(): () => void {
    return this.#users.want();
  }

  /** Whether an operation of the shard with this key changes what is told. */
  isOfUsers(key: string): boolean {
    return this.#users.isWanted && key === this.#latest?.usersKey;
  }

  /** Something changed: look soon. */
  ring(): void {
    this.#isWanted = true;
    this.#bell.ring();
  }

  /** The topology, as old as the polling lets it become. */
  async known(signal: AbortSignal): Promise<Topology> {
    return this.#latest ?? this.refresh(signal);
  }

  /** A topology that was asked for after this call. */
  async refresh(signal: AbortSignal): Promise<Topology> {
    await this.#taking?.catch(() => undefined);
    signal.throwIfAborted();
    // Of those that waited for the one before, the first asks for all; so none of them may call it off.
    this.#taking ??= this.#take(UNINTERRUPTED).finally(() => {
      this.#taking = undefined;
    });
    const topology = await this.#taking;
    signal.throwIfAborted();
    return topology;
  }

  /** Polls until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    let confirm = false;
    while (!signal.aborted) {
      const before = this.#latest?.fingerprint;
      this.#isWanted = false;
      try {
        const topology = await this.refresh(signal);
        confirm = topology.fingerprint !== before;
        this.#report(undefined);
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error instanceof Error ? error.message : String(error));
      }
      await this.#environment.sleep(this.#limits.inventoryAtMostEveryMs, signal).catch(() => undefined);
      const ms = confirm ? this.#limits.inventoryConfirmMs : this.#limits.inventoryEveryMs;
      if (!this.#isWanted) await this.#bell.waitAtMost(this.#environment, ms, signal).catch(() => undefined);
    }
  }

  async #take(signal: AbortSignal): Promise<Topology> {
    const topology = await takeTopology(this.#deployment, this.#environment.now, signal, (asked) =>
      this.#users.tell(asked),
    );
    this.#latest = topology;
    for (const listener of this.#listeners) listener(topology);
    return topology;
  }

  /** Once per change, not once per poll. */
  #report(failing: string | undefined): void {
    if (failing === this.#failing) return;
    this.#failing = failing;
    const { log } = this.#environment;
    if (failing === undefined) log.info('the structure of the source can be read again');
    else log.warn('the structure of the source cannot be read', { reason: failing });
  }
}
