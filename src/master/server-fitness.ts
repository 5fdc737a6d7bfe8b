import { unfitServers } from '../replication/fit-servers.ts';
import type { MasterPorts, MasterSettings } from './ports.ts';

/** A server becomes another version by a restart, which takes longer than so many contacts with the source. */
const contactsPerLook = 8;

/** Which servers of this datacenter cannot take part in a replication; looked at now and then while it runs. */
export class ServerFitness {
  readonly #ports: Pick<MasterPorts, 'deployment' | 'clock'>;
  readonly #lookEveryMs: number;
  #lookedAtMs = -Infinity;
  #unfit: readonly string[] = [];

  constructor(ports: Pick<MasterPorts, 'deployment' | 'clock'>, { times }: Pick<MasterSettings, 'times'>) {
    this.#ports = ports;
    this.#lookEveryMs = times.contactEveryMs * contactsPerLook;
  }

  /** As they are now: before something begins. */
  async look(signal: AbortSignal): Promise<readonly string[]> {
    this.#unfit = await unfitServers(this.#ports.deployment, signal);
    this.#lookedAtMs = this.#ports.clock.monotonicMs();
    return this.#unfit;
  }

  /** As they were a moment ago. */
  async known(signal: AbortSignal): Promise<readonly string[]> {
    const isDue = this.#ports.clock.monotonicMs() - this.#lookedAtMs >= this.#lookEveryMs;
    return isDue ? await this.look(signal) : this.#unfit;
  }
}
