import { loopText } from '../../domain/synchronization/configure.ts';
import { numberOfCall } from '../../domain/synchronization/numbers.ts';
import type { SyncConfiguration } from '../../domain/synchronization/state.ts';
import type { OutgoingContact } from '../../wire/outgoing.ts';
import type { Core } from './core.ts';

/** Says whether the synchronization may go on after what the source told; when it may not, records why it has failed. */
export class ContactJudge {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** `remembered`: the head of the source's log that it was asked for. */
  async mayGoOn(
    configuration: SyncConfiguration,
    remembered: OutgoingContact['head'] | null,
    contact: OutgoingContact,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!(await this.#isStill(configuration, remembered, contact, signal))) return false;
    if (await this.#hasLostOwn(contact, signal)) await this.#failLostOwn(contact, signal);
    else if (!contact.registered) await this.forgotten(signal);
    else if (contact.follows?.includes(this.#core.ports.deployment.id) === true) await this.#failLoop(contact, signal);
    else return true;
    return false;
  }

  /** What we told the source stood in our log: if the log does not come so far, it went back (S18). */
  async #hasLostOwn({ seen = 0 }: OutgoingContact, signal: AbortSignal): Promise<boolean> {
    const { control } = this.#core;
    // Another leader may have called since we read.
    await control.refresh(signal);
    return seen > numberOfCall(control.state.synchronization, control.head.position);
  }

  async #failLostOwn({ seen = 0 }: OutgoingContact, signal: AbortSignal): Promise<void> {
    const { synchronization } = this.#core.control.state;
    const lost = seen - synchronization.numberOffset;
    const reason =
      `this datacenter's event log no longer contains position ${lost}, which the source was told of: what was decided ` +
      'then is lost, perhaps that checkpoints mean nothing any more; configure the synchronization again';
    await this.#fail('own-log-lost', reason, signal);
  }

  /** Configured at both ends in the same moment, or while somebody between could not be asked (S23). */
  async #failLoop({ deploymentId, follows = [] }: OutgoingContact, signal: AbortSignal): Promise<void> {
    const chain = loopText({ deploymentId, follows, ownDeploymentId: this.#core.ports.deployment.id });
    const reason = `the source follows this deployment: ${chain}; abort one of these`;
    await this.#fail('loop', reason, signal);
  }

  /** An operator of the source aborted it there; to go on is an operator's decision here. */
  async forgotten(signal: AbortSignal, words?: string): Promise<void> {
    const reason = words ?? 'the source does not know this target any more: configure the synchronization again';
    await this.#fail('forgotten-by-source', reason, signal);
  }

  /** Holds a contact against what we remember (S1). False when the synchronization is not active any more. */
  async #isStill(
    configuration: SyncConfiguration,
    remembered: OutgoingContact['head'] | null,
    contact: OutgoingContact,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { control, desk, ports } = this.#core;
    const { deploymentId, version, head, containsRemembered } = contact;
    const ownDeploymentId = ports.deployment.id;
    const command = {
      kind: 'identify-source',
      deploymentId,
      version,
      head,
      containsRemembered,
      ownDeploymentId,
      asked: { inventoryChannel: configuration.inventoryChannel, remembered },
    } as const;
    await desk.internal(command, 'source contact', signal);
    const now = control.state.synchronization;
    if (now.phase === 'failed') ports.logger.error(`the synchronization failed: ${now.failure?.reason ?? 'unknown'}`);
    return now.phase === 'active' && now.configuration?.credentialId === configuration.credentialId;
  }

  async #fail(code: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#core.desk.internal({ kind: 'fail-sync', code, reason }, 'source contact', signal);
  }
}
