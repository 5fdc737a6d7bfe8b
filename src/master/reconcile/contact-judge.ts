import { loopText, sourceUnfitText, targetUnfitText } from '../../domain/synchronization/configure.ts';
import { numberOfCall } from '../../domain/synchronization/numbers.ts';
import type { SyncConfiguration } from '../../domain/synchronization/state.ts';
import type { OutgoingContact, WireHead } from '../../wire/outgoing.ts';
import { containsHead } from '../contains-head.ts';
import { ServerFitness } from '../server-fitness.ts';
import type { Core } from './core.ts';

/** Says whether the synchronization may go on after what the source told; when it may not, records why it has failed. */
export class ContactJudge {
  readonly #core: Core;
  readonly #fitness: ServerFitness;
  #contained: WireHead | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#fitness = new ServerFitness(core.ports, core.settings);
  }

  /** Head of ours that the source remembers, and that our log was seen to contain; undefined before the first. */
  get contained(): WireHead | undefined {
    return this.#contained;
  }

  /** `remembered`: the head of the source's log that it was asked for. */
  async mayGoOn(
    configuration: SyncConfiguration,
    remembered: OutgoingContact['head'] | null,
    contact: OutgoingContact,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!(await this.#isStill(configuration, remembered, contact, signal))) return false;
    const lost = await this.#lostOwn(contact, signal);
    if (lost !== undefined) await this.#failLostOwn(lost, signal);
    else if (!contact.registered) await this.forgotten(signal);
    else if (contact.follows?.includes(this.#core.ports.deployment.id) === true) await this.#failLoop(contact, signal);
    else return !(await this.#hasBecomeUnfit(contact, signal));
    return false;
  }

  /**
   * What we told the source stood in our log: if the log does not come so far, or another commit stands there, it went back
   * (S18). Resolves with the position; undefined: all is there.
   */
  async #lostOwn({ seen = 0, targetHead }: OutgoingContact, signal: AbortSignal): Promise<number | undefined> {
    const { control } = this.#core;
    // Another leader may have called since we read.
    await control.refresh(signal);
    const { synchronization } = control.state;
    if (seen > numberOfCall(synchronization, control.head.position)) return seen - synchronization.numberOffset;
    if (targetHead === undefined) return undefined;
    if (!(await containsHead(this.#core, targetHead, signal))) return targetHead.position;
    this.#contained = targetHead;
    return undefined;
  }

  async #failLostOwn(lost: number, signal: AbortSignal): Promise<void> {
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

  /** A server that was changed for another version, or another data directory, while the synchronization runs. */
  async #hasBecomeUnfit({ unfit = [] }: OutgoingContact, signal: AbortSignal): Promise<boolean> {
    if (unfit.length > 0) {
      await this.#fail('source-unfit', sourceUnfitText(unfit), signal);
      return true;
    }
    const own = await this.#fitness.known(signal);
    if (own.length > 0) await this.#fail('target-unfit', targetUnfitText(own), signal);
    return own.length > 0;
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
