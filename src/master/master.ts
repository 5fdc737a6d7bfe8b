import type { Head } from '../events/log.ts';
import { LogCorrupt } from '../events/log-errors.ts';
import type { ControlState } from '../projections/control-state.ts';
import { CommandDesk } from './command-desk.ts';
import { ControlLog, type ControlLogOptions } from './control-log.ts';
import { Election } from './election.ts';
import { LeaderMemory } from './leader-memory.ts';
import { runLoop } from './loop.ts';
import { Membership } from './membership.ts';
import { ModeTurns } from './mode-turns.ts';
import type { MasterPorts, MasterSettings } from './ports.ts';
import { QuietTimes } from './quiet-times.ts';
import type { Core } from './reconcile/core.ts';
import { type LeaderLoop, Reconcilers } from './reconcilers.ts';
import { Rejections } from './rejections.ts';
import { reportLostLog } from './report-lost-log.ts';
import { BarrierService } from './services/barrier-service.ts';
import type { ChecksumService } from './services/checksum-service.ts';
import { ConfigurationService } from './services/configuration-service.ts';
import { EventsService } from './services/events-service.ts';
import { InstructionService } from './services/instruction-service.ts';
import { MemberService } from './services/member-service.ts';
import { OutgoingService } from './services/outgoing-service.ts';
import { ReportService } from './services/report-service.ts';
import { StatusService } from './services/status-service.ts';
import { SyncService } from './services/sync-service.ts';
import { VerificationService } from './services/verification-service.ts';
import { WorkerService } from './services/worker-service.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { WorkerAuthority } from './worker-authority.ts';
import { WorkerLending } from './worker-lending.ts';

/** Where calls for the leader go. */
export type LeaderRoute =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly endpoint: string }
  | { readonly kind: 'none' };

/** A log that was not read for so long makes a master unhealthy. */
const followSilenceMsMax = 10_000;
/** In the moment of a change a call waits so long for the next leader: longer than a take-over lasts. */
const leaderWaitMs = 6_000;
/** Giving up leadership at the end is tried for so long. */
const leaveTimeoutMs = 5_000;

/**
 * One master: it follows the log, stands for election, and while it leads runs the reconcilers and serves commands.
 * `start` and `stop` are its whole life; it serves nothing over the network by itself (adapters do).
 */
export class Master {
  readonly configuration: ConfigurationService;
  readonly sync: SyncService;
  readonly barrier: BarrierService;
  readonly checksums: ChecksumService;
  readonly outgoing: OutgoingService;
  readonly status: StatusService;
  readonly verification: VerificationService;
  readonly workers: WorkerService;
  readonly instructions: InstructionService;
  readonly reports: ReportService;
  readonly members: MemberService;
  readonly events: EventsService;
  readonly workerAuthority: WorkerAuthority;
  /** Keeps commands that were refused. */
  readonly rejections: Rejections;
  /** Resolves when this master cannot go on: its log is not the one it knew (S18). */
  readonly failed: Promise<Error>;

  readonly #ports: MasterPorts;
  readonly #settings: MasterSettings;
  readonly #logOptions: Omit<ControlLogOptions, 'plane'>;
  readonly #core: Core;
  readonly #membership: Membership;
  readonly #reconcilers: Reconcilers;
  readonly #snapshots: SnapshotKeeper;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #followedAtMs = -Infinity;
  #fail: (error: Error) => void = () => undefined;

  constructor(ports: MasterPorts, settings: MasterSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const { masterId, times } = settings;
    const { clock, leases, random } = ports;
    this.#logOptions = { ...ports, masterId, context: contextOf(ports) };
    const control = new ControlLog({ ...this.#logOptions, plane: ports.plane });
    const election = new Election({
      masterId,
      leases,
      clock,
      random,
      leaseMs: times.leaderLeaseMs,
      renewEveryMs: times.leaderRenewMs,
    });
    this.rejections = new Rejections(control, clock, ports.logger);
    const core = {
      ports,
      settings,
      control,
      desk: new CommandDesk(control, election, this.rejections),
      memory: new LeaderMemory(),
      quiet: new QuietTimes(clock, times),
      modeTurns: new ModeTurns(clock),
    };
    this.#core = core;
    this.#membership = new Membership(control, election, ports, settings);
    this.#snapshots = new SnapshotKeeper(control, ports.snapshots);
    const reconcilers = new Reconcilers(core);
    const { link, barriers, cancellation, keptLog, mode, verification } = reconcilers;
    this.#reconcilers = reconcilers;
    this.checksums = reconcilers.checksums;
    this.workerAuthority = reconcilers.workerAuthority;
    this.barrier = new BarrierService(core, link, reconcilers.inSync);
    this.configuration = new ConfigurationService(core, barriers);
    this.sync = new SyncService(core, link, cancellation, this.barrier, keptLog, () => verification?.running);
    this.outgoing = new OutgoingService(core, this.checksums, barriers, link, keptLog);
    this.status = new StatusService(core, link, this.sync, this.outgoing);
    const lending = new WorkerLending(core);
    this.workers = new WorkerService(core, this.workerAuthority, lending);
    this.instructions = new InstructionService(core, link, mode, this.workerAuthority, lending);
    this.reports = new ReportService(core, lending);
    this.members = new MemberService(core);
    this.verification = new VerificationService(core, this.checksums);
    this.events = new EventsService(core);
  }

  get id(): string {
    return this.#settings.masterId;
  }

  get state(): ControlState {
    return this.#core.control.state;
  }

  get position(): number {
    return this.head.position;
  }

  /** The last commit that {@link state} holds. */
  get head(): Head {
    return this.#core.control.head;
  }

  /** Whether this master leads and is inside its lease. */
  get leads(): boolean {
    return this.#core.desk.mayAct();
  }

  /** Begins to follow, to stand for election, and to reconcile. */
  start(): void {
    const snapshots = { name: 'keeping a snapshot', step: (signal: AbortSignal) => this.#snapshots.step(signal) };
    const loops = [...this.#reconcilers.loops(), snapshots];
    this.#loops = Promise.all([this.#followLoop(), ...loops.map((loop) => this.#whileLeading(loop))]);
  }

  /** Stops what `start` began, in reverse: no more decisions, then leadership is given up. Never throws. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    await this.#reconcilers.link.close();
    try {
      await this.#membership.leave(AbortSignal.timeout(leaveTimeoutMs));
    } catch (error) {
      this.#ports.logger.warn('could not resign: the others take over when the lease has ended', { error });
    }
    // Whoever waits for news here is to ask the next leader.
    this.#core.control.touch();
  }

  /** Why this master is not healthy; undefined when it is. */
  ailment(): string | undefined {
    const silentMs = this.#ports.clock.monotonicMs() - this.#followedAtMs;
    if (silentMs > followSilenceMsMax) return 'the event log cannot be read';
    if (this.state.leadership.leader === null) return 'no master leads at this moment';
    return undefined;
  }

  /** This master serves with another certificate, or takes other client certificates, from now on. */
  async noteCertificate(part: 'keyfile' | 'client-ca', fingerprint: string, validUntil: string): Promise<void> {
    const masterId = this.id;
    const command = { kind: 'note-master-certificate', masterId, part, fingerprint, validUntil } as const;
    await this.#membership.note(command, this.#stopping.signal);
  }

  /** Reads what is new in the log, so that an answer is not from the past. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#core.control.refresh(signal);
  }

  /** Who leads; waits a little while nobody does, or only the one at `gone`, unless the signal has fired already. */
  async leaderRoute(signal: AbortSignal, gone?: string): Promise<LeaderRoute> {
    const { clock } = this.#ports;
    const endMs = clock.monotonicMs() + leaderWaitMs;
    for (;;) {
      if (this.leads) return { kind: 'self' };
      const { leader } = this.state.leadership;
      const isOther = leader !== null && leader.masterId !== this.id && leader.endpoint !== gone;
      if (isOther) return { kind: 'other', endpoint: leader.endpoint };
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || signal.aborted) return { kind: 'none' };
      // A lease that was just renewed changes nothing in the log: look again soon.
      await this.#core.control.waitForChange(Math.min(leftMs, 100), signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      const led = this.leads;
      await this.#membership.step(signal);
      this.#core.quiet.note(this.state.suspects);
      this.#followedAtMs = this.#ports.clock.monotonicMs();
      if (led !== this.leads) this.#core.control.touch();
    } catch (error) {
      if (!(error instanceof LogCorrupt)) throw error;
      this.#ports.logger.error(`this master stops: ${error.message}`, { error });
      this.#stopping.abort();
      await this.#reportLoss();
      this.#fail(error);
    }
  }

  /** Best effort: a log that was changed cannot be read, and its database may not answer. */
  async #reportLoss(): Promise<void> {
    const { logger } = this.#ports;
    try {
      const signal = AbortSignal.timeout(leaveTimeoutMs);
      const isTold = await reportLostLog(this.#ports, this.#logOptions, this.head, signal);
      if (isTold) logger.error('the synchronization has failed, as the log lost commits: configure it again');
    } catch (error) {
      logger.warn('what the log lost could not be recorded in it', { error });
    }
  }

  #whileLeading({ name, step }: LeaderLoop): Promise<void> {
    const { control, memory } = this.#core;
    const guarded = async (signal: AbortSignal) => {
      if (!this.leads) return;
      const nowMs = this.#ports.clock.monotonicMs();
      memory.enterTerm(control.state, nowMs, this.#core.desk.lendsAloneSinceMs(nowMs));
      await step(signal);
    };
    const { clock, logger } = this.#ports;
    let seen = control.changes;
    const looking = (signal: AbortSignal) => {
      seen = control.changes;
      return guarded(signal);
    };
    const wait = (signal: AbortSignal) => control.waitForChange(this.#settings.times.reconcileEveryMs, signal, seen);
    return runLoop({ name, step: looking, wait, log: logger, clock }, this.#stopping.signal);
  }

  /** By time only: what we append ourselves need not be read. */
  #followLoop(): Promise<void> {
    const { clock, logger } = this.#ports;
    const step = (signal: AbortSignal) => this.#follow(signal);
    const wait = (signal: AbortSignal) => clock.sleep(this.#settings.times.followEveryMs, signal);
    return runLoop({ name: 'following the log', step, wait, log: logger, clock }, this.#stopping.signal);
  }
}

/** Ids of 16 characters; channels carry the prefix of the deployment that made them. */
function contextOf({ newId, deployment }: MasterPorts) {
  const prefix = `sync_${deployment.id.replace(/[^A-Za-z0-9]/g, '').slice(0, 8)}.`;
  return { newId, newChannel: () => `${prefix}${newId()}${newId().slice(0, 4)}` };
}
