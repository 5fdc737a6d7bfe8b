import type { TargetPause } from '../../domain/outgoing/pause.ts';
import { numberOfCall, numberOfSync } from '../../domain/synchronization/numbers.ts';
import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import type { SyncConfiguration } from '../../domain/synchronization/state.ts';
import { toNanoseconds } from '../../wire/durations.ts';
import type { KeptLog } from '../../wire/kept-log.ts';
import type { OutgoingContact, WireBarrier } from '../../wire/outgoing.ts';
import type { RemoteQueue } from '../../wire/worker.ts';
import { findCredentials } from '../source-credentials.ts';
import { type SourceCredentials, type SourceMasters, SourceRefused } from '../source-masters.ts';
import { durablePositions } from '../structure/durable-positions.ts';
import { ContactJudge } from './contact-judge.ts';
import type { Core } from './core.ts';
import { mayStillReceive } from './letting-go.ts';
import { SourceToken } from './source-token.ts';

/** In a chain, while a target of ours catches up behind a barrier: longer than anybody waits for that. */
const keepLogForBarrierMs = 3_600_000;

interface OpenedSource {
  readonly credentialId: string;
  readonly credentials: SourceCredentials;
  readonly masters: SourceMasters;
}

/**
 * The target's leader in touch with the source: registers, holds each contact against what is remembered of the source
 * (S1), keeps the queue token fresh, and tells the source which shards to send until it has confirmed the list.
 */
export class SourceLink {
  readonly #core: Core;
  readonly #token: SourceToken;
  readonly #judge: ContactJudge;
  #opened: OpenedSource | undefined;
  /** Credentials under which the source knows us, as far as this leader knows. */
  #registeredWith: string | undefined;
  #confirmedShards: string | undefined;
  #contactedAtMs = -Infinity;
  #trouble: string | undefined;
  #isCalling = false;
  #barrier: WireBarrier | undefined;
  #upstream: readonly string[] = [];
  /** What the source is told of our pause; undefined while nothing is paused. */
  #pause: TargetPause | undefined;
  /** Its positions were read when workers had stored their last ones. */
  #isPauseFinal = false;
  /** A pause is told before it is recorded, so that the source keeps its log before workers let go of it. */
  #isAnnounced = false;
  #keptLog: KeptLog | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#token = new SourceToken(core.ports.secrets, core.ports.clock);
    this.#judge = new ContactJudge(core);
  }

  /** Why the source could not be reached or refuses, at the last attempt; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The source's barrier for us, as it was last told; undefined while there is none. */
  get barrier(): WireBarrier | undefined {
    return this.#barrier;
  }

  /** Takes what the source just told of its barrier: workers hear of an established one at once. */
  takeBarrier(barrier: WireBarrier | undefined): void {
    const isNews = JSON.stringify(this.#barrier) !== JSON.stringify(barrier);
    this.#barrier = barrier;
    if (isNews) this.#core.control.touch();
  }

  /** The source's log while we have paused, as it was last told; undefined when nothing was. */
  get keptLog(): KeptLog | undefined {
    return this.#keptLog;
  }

  /**
   * Runs `record`, which records a pause, after the source was asked to keep its log from where we are. Nobody waits for
   * a source that does not answer: it is told when it does.
   */
  async announcePause<T>(keepLogMs: number, record: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { configuration, identity } = this.#core.control.state.synchronization;
    this.#isAnnounced = true;
    try {
      if (configuration !== null && identity !== null) {
        this.#pause = { positions: await this.#positions(signal), keepLogMs };
        this.#isPauseFinal = false;
        try {
          this.#keptLog = (await this.#contact(configuration, signal)).keptLog;
        } catch (error) {
          signal.throwIfAborted();
          this.#core.ports.logger.warn('the source was not told of the pause; it will be', { error });
        }
      }
      return await record();
    } finally {
      this.#isAnnounced = false;
    }
  }

  /** The next contact is made at once. */
  contactSoon(): void {
    this.#contactedAtMs = -Infinity;
    this.#core.control.touch();
  }

  /** Deployments upstream of us, our source first; empty while there is none. */
  get follows(): readonly string[] {
    const { phase, configuration, identity } = this.#core.control.state.synchronization;
    const source = identity?.deploymentId ?? configuration?.sourceDeployment;
    return phase === 'inactive' || source === undefined ? [] : [source, ...this.#upstream];
  }

  /** Whether a contact is under way: it can still register us, after whatever else the source is told. */
  get isCalling(): boolean {
    return this.#isCalling;
  }

  /** How workers reach the source; undefined while that is not known. */
  remote(): RemoteQueue | undefined {
    const { identity, configuration } = this.#core.control.state.synchronization;
    const token = identity === null ? undefined : this.#token.of(identity.deploymentId);
    if (token === undefined || configuration === null || this.#opened === undefined) return undefined;
    // What the operator named is known to work from here; what the source tells may be more.
    const endpoints = [...new Set([...configuration.source, ...token.endpoints])];
    return { endpoints, caCertificate: this.#opened.credentials.caCertificate, token: token.token };
  }

  /** The source's masters, opened with the current credentials. Throws when there is no incoming synchronization. */
  async masters(signal: AbortSignal): Promise<SourceMasters> {
    const { configuration } = this.#core.control.state.synchronization;
    if (configuration === null) throw new Error('there is no incoming synchronization');
    return (await this.#open(configuration, signal)).masters;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { phase, configuration, identity } = this.#core.control.state.synchronization;
    if (phase !== 'active' || configuration === null) {
      if (phase === 'inactive') await this.close();
      this.#forgetContact();
      return;
    }
    this.#isCalling = true;
    try {
      if (identity !== null) await this.#token.load(identity.deploymentId, signal);
      await this.#open(configuration, signal);
      await this.#followPause(signal);
      await this.#contactIfDue(configuration, signal);
      await this.#tellShards(signal);
      this.#trouble = undefined;
    } catch (error) {
      signal.throwIfAborted();
      this.#trouble = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this.#isCalling = false;
      // A cancellation waits for it.
      if (this.#core.control.state.synchronization.phase !== 'active') this.#core.control.touch();
    }
  }

  /** Forgets the token: the synchronization has ended. */
  async dropToken(signal: AbortSignal): Promise<void> {
    await this.#token.drop(signal);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.masters.close();
  }

  #forgetContact(): void {
    this.#registeredWith = undefined;
    this.#confirmedShards = undefined;
    this.#contactedAtMs = -Infinity;
    this.#trouble = undefined;
    this.#barrier = undefined;
    this.#pause = undefined;
    this.#keptLog = undefined;
  }

  async #open(configuration: SyncConfiguration, signal: AbortSignal): Promise<OpenedSource> {
    const { credentialId, source } = configuration;
    if (this.#opened?.credentialId === credentialId) return this.#opened;
    const credentials = await findCredentials(this.#core.ports.secrets, credentialId, signal);
    await this.close();
    this.#opened = { credentialId, credentials, masters: this.#core.ports.openSource(source, credentials) };
    this.#contactedAtMs = -Infinity;
    return this.#opened;
  }

  async #contactIfDue(configuration: SyncConfiguration, signal: AbortSignal): Promise<void> {
    const { clock } = this.#core.ports;
    if (clock.monotonicMs() - this.#contactedAtMs < this.#core.settings.times.contactEveryMs) return;
    this.#core.desk.assertLeads();
    const remembered = this.#core.control.state.synchronization.identity?.head ?? null;
    const contact = await this.#contact(configuration, signal).catch((error: unknown) => {
      if (error instanceof SourceRefused && error.status === 412) return error;
      throw error;
    });
    this.#contactedAtMs = clock.monotonicMs();
    // It has ended there before it was heard of here: it will be refused for ever.
    if (contact instanceof SourceRefused) return this.#judge.forgotten(signal, contact.message);
    if (!(await this.#judge.mayGoOn(configuration, remembered, contact, signal))) return;
    this.takeBarrier(contact.barrier);
    this.#keptLog = this.#pause === undefined ? undefined : contact.keptLog;
    this.#upstream = contact.follows ?? [];
    this.#confirmedShards = contact.shardsVersion;
    this.#registeredWith = configuration.credentialId;
    if (await this.#token.take(contact, signal)) this.#core.control.touch();
  }

  async #contact(configuration: SyncConfiguration, signal: AbortSignal): Promise<OutgoingContact> {
    const { masters } = await this.#open(configuration, signal);
    const { deployment } = this.#core.ports;
    const { head, state } = this.#core.control;
    const { synchronization } = state;
    const { identity } = synchronization;
    const { contained } = this.#judge;
    const number = numberOfSync(synchronization);
    const known = identity === null ? undefined : this.#token.of(identity.deploymentId);
    const body = {
      target: this.#publicEndpoints(),
      channels: { inventory: configuration.inventoryChannel },
      asOf: numberOfCall(synchronization, head.position),
      ...(number === undefined ? {} : { epoch: number }),
      ...this.#toldPause(),
      barrier: synchronization.barrierEpoch,
      ...(identity === null ? {} : { remembered: identity.head }),
      head: { ...head },
      ...(contained === undefined ? {} : { contains: contained }),
      ...(known === undefined ? {} : { token: known.token }),
    };
    const register = () => masters.register({ id: deployment.id, ...body }, signal);
    if (identity === null) return await register();
    try {
      return await masters.heartbeat(deployment.id, body, signal);
    } catch (error) {
      // New credentials have another certificate: the token shows that the registration is ours (S23).
      const isOtherCertificate = error instanceof SourceRefused && error.status === 403;
      if (isOtherCertificate && this.#registeredWith !== configuration.credentialId) return await register();
      throw error;
    }
  }

  /**
   * What is told of a pause follows what is recorded. Where we are is looked up again when workers have let go, and stored
   * where they stood, and by a new leader.
   */
  async #followPause(signal: AbortSignal): Promise<void> {
    if (this.#isAnnounced) return;
    const keepLogMs = this.#keepLogMs();
    if (keepLogMs === undefined) {
      this.#pause = undefined;
      this.#keptLog = undefined;
      return;
    }
    const hasEnded = !mayStillReceive(this.#core);
    if (this.#pause?.keepLogMs === keepLogMs && this.#isPauseFinal === hasEnded) return;
    this.#pause = { positions: await this.#positions(signal), keepLogMs };
    this.#isPauseFinal = hasEnded;
    this.#contactedAtMs = -Infinity;
  }

  /** How long the source is to keep its log; undefined while we receive. */
  #keepLogMs(): number | undefined {
    const { synchronization, outgoing } = this.#core.control.state;
    const heldBack = heldBackBy(synchronization, outgoing);
    if (heldBack === 'barrier') return keepLogForBarrierMs;
    return synchronization.paused?.keepLogMs;
  }

  #toldPause() {
    if (this.#pause === undefined) return {};
    const { positions, keepLogMs } = this.#pause;
    return { paused: { positions: [...positions], keepLog: toNanoseconds(keepLogMs) } };
  }

  async #positions(signal: AbortSignal): Promise<TargetPause['positions']> {
    const { control, ports } = this.#core;
    const { configuration, identity } = control.state.synchronization;
    const scope = { epoch: configuration?.epoch ?? '', sourceDeployment: identity?.deploymentId ?? '' };
    const shards = [...control.state.shards.byKey.values()].map(({ shard }) => shard);
    return await durablePositions(ports.deployment, scope, shards, signal);
  }

  async #tellShards(signal: AbortSignal): Promise<void> {
    const { synchronization, shards } = this.#core.control.state;
    if (synchronization.phase !== 'active' || !shards.reported || this.#registeredWith === undefined) return;
    if (this.#confirmedShards === shards.version) return;
    const { masters } = this.#opened ?? {};
    if (masters === undefined) return;
    this.#core.desk.assertLeads();
    const list = [...shards.byKey.values()].map(({ shard, channels }) => ({ shard, channels }));
    await masters.putShards(this.#core.ports.deployment.id, { version: shards.version, shards: list }, signal);
    this.#confirmedShards = shards.version;
  }

  #publicEndpoints(): string[] {
    const { masters } = this.#core.control.state;
    return [...new Set([...masters.values()].flatMap(({ publicEndpoints }) => publicEndpoints))];
  }
}
