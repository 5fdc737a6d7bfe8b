import { retiredLogKeysId, secretIdsOf } from '../secret-ids.ts';
import type { SecretRotation } from '../secret-rotation.ts';
import type { WorkerAuthority } from '../worker-authority.ts';
import type { Core } from './core.ts';

/** A worker that did not take the secret is told again after this time. */
const tellAgainMs = 2_000;

/**
 * Brings this datacenter over to another master secret, without a moment in which somebody is refused: while all accept
 * both, the workers are told the new one; once every master and worker accepts it the log goes over to it (S22), and then
 * what is kept encrypted.
 */
export class RotationReconciler {
  readonly #core: Core;
  readonly #rotation: SecretRotation;
  readonly #authority: WorkerAuthority;
  readonly #toldAtMs = new Map<string, number>();
  #waitsFor = '';

  constructor(core: Core, rotation: SecretRotation, authority: WorkerAuthority) {
    this.#core = core;
    this.#rotation = rotation;
    this.#authority = authority;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { control } = this.#core;
    if (!control.state.keys.reencrypted) await this.#reencrypt(signal);
    const [wanted] = this.#rotation.keyIds();
    const inUse = this.#rotation.keyIdOf(control.head.hash);
    if (wanted === undefined || inUse === undefined || wanted === inUse) return;
    if (control.state.keys.retired.includes(wanted))
      return this.#wait(wanted, 'it was given up before: choose a new one');
    await this.#tellWorkers(wanted, signal);
    const without = [...this.#mastersWithout(wanted), ...this.#workersWithout(wanted)];
    if (without.length > 0) return this.#wait(wanted, `not accepted yet by ${without.join(', ')}`);
    await this.#rotate(wanted, inUse, signal);
  }

  #wait(wanted: string, why: string): void {
    const text = `master secret ${wanted} is not in use yet: ${why}`;
    if (text !== this.#waitsFor) this.#core.ports.logger.warn(text);
    this.#waitsFor = text;
  }

  async #rotate(keyId: string, previous: string, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const kept = (await ports.secrets.get(retiredLogKeysId, signal)) ?? '';
    await ports.secrets.put(retiredLogKeysId, this.#rotation.withRetiredKey(kept, previous), signal);
    const command = () =>
      ({
        kind: 'rotate-secret',
        sealId: keyId,
        previous,
        vouched: this.#rotation.vouch(control.head.hash, keyId),
        workersWithout: this.#workersWithout(keyId),
      }) as const;
    const events = await desk.internal(command, 'rotation of the master secret', signal);
    if (events.length === 0) return;
    this.#waitsFor = '';
    ports.logger.info('the master secret was rotated', { key: keyId, before: previous });
    await this.#reencrypt(signal);
  }

  /** Level-triggered: what a leader before us left is done by us. */
  async #reencrypt(signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const keyId = control.state.keys.current;
    if (keyId === null) return;
    const ids = secretIdsOf(control.state);
    for (const id of ids) {
      desk.assertLeads();
      await ports.secrets.reencrypt(id, signal);
    }
    await desk.internal(
      { kind: 'note-reencryption', sealId: keyId, count: ids.length },
      'rotation of the master secret',
      signal,
    );
    ports.logger.info('secrets at rest are encrypted under the new master secret', { key: keyId, secrets: ids.length });
  }

  async #tellWorkers(keyId: string, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const nowMs = ports.clock.monotonicMs();
    const due = this.#workersWithout(keyId).filter(
      (id) => nowMs - (this.#toldAtMs.get(id) ?? -Infinity) >= tellAgainMs,
    );
    for (const id of this.#toldAtMs.keys()) if (!control.state.workers.byId.has(id)) this.#toldAtMs.delete(id);
    for (const workerId of due) this.#toldAtMs.set(workerId, nowMs);
    desk.assertLeads();
    await Promise.all(
      due.map(async (workerId) => {
        const endpoint = control.state.workers.byId.get(workerId)?.endpoint;
        if (endpoint === undefined) return;
        try {
          await this.#rotation.tellWorker(endpoint, this.#authority.certificate, keyId, signal);
        } catch (error) {
          signal.throwIfAborted();
          ports.logger.warn(`worker ${workerId} did not take the new master secret`, { error });
        }
      }),
    );
  }

  #mastersWithout(keyId: string): readonly string[] {
    return [...this.#core.control.state.masters.values()]
      .filter(({ sealIds }) => sealIds?.includes(keyId) !== true)
      .map(({ masterId }) => `master ${masterId}`);
  }

  /** As the workers' polls say; one that this leader has not heard of yet counts as one without. */
  #workersWithout(keyId: string): readonly string[] {
    const { control, memory } = this.#core;
    return [...control.state.workers.byId.keys()].filter((id) => memory.workerKeys.get(id)?.includes(keyId) !== true);
  }
}
