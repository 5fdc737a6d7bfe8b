import type { Head } from '../events/log.ts';
import { LogCorrupt } from '../events/log-errors.ts';
import type { ControlState } from '../projections/control-state.ts';
import { CommandDesk } from './command-desk.ts';
import { ControlLog } from './control-log.ts';
import { Election } from './election.ts';
import { LeaderMemory } from './leader-memory.ts';
import { runLoop } from './loop.ts';
import { Membership } from './membership.ts';
import type { MasterPorts, MasterSettings } from './ports.ts';
import { QuietTimes } from './quiet-times.ts';
import { BarrierReconciler } from './reconcile/barriers.ts';
import { CancellationReconciler } from './reconcile/cancellation.ts';
import type { Core } from './reconcile/core.ts';
import { InSyncReconciler } from './reconcile/in-sync.ts';
import { KeptLogReconciler } from './reconcile/kept-log.ts';
import { MemberReconciler } from './reconcile/members.ts';
import { RotationReconciler } from './reconcile/rotation.ts';
import { ServerModeReconciler } from './reconcile/server-mode.ts';
import { SourceLink } from './reconcile/source-link.ts';
import { SuspectReconciler } from './reconcile/suspects.ts';
import { TargetModeReconciler } from './reconcile/target-mode.ts';
import { TaskReconciler } from './reconcile/tasks.ts';
import { Rejections } from './rejections.ts';
import { BarrierService } from './services/barrier-service.ts';
import { ChecksumService } from './services/checksum-service.ts';
import { EventsRetention } from './services/events-retention.ts';
import { EventsService } from './services/events-service.ts';
import { MemberService } from './services/member-service.ts';
import { OutgoingService } from './services/outgoing-service.ts';
import { StatusService } from './services/status-service.ts';
import { SyncService } from './services/sync-service.ts';
import { WorkerService } from './services/worker-service.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { ShardPlacement } from './structure/placement.ts';
import { WorkerAuthority } from './worker-authority.ts';

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
  readonly sync: SyncService;
  readonly barrier: BarrierService;
  readonly checksums: ChecksumService;
  readonly outgoing: OutgoingService;
  readonly status: StatusService;
  readonly workers: WorkerService;
  readonly members: MemberService;
  readonly events: EventsService;
  readonly workerAuthority: WorkerAuthority;
  /** Keeps commands that were refused. */
  readonly rejections: Rejections;
  /** Resolves when this master cannot go on: its log is not the one it knew (S18). */
  readonly failed: Promise<Error>;

  readonly #ports: MasterPorts;
  readonly #settings: MasterSettings;
  readonly #core: Core;
  readonly #membership: Membership;
  readonly #reconcilers: {
    readonly members: MemberReconciler;
    readonly mode: TargetModeReconciler;
    readonly tasks: TaskReconciler;
    readonly link: SourceLink;
    readonly cancellation: CancellationReconciler;
    readonly serverMode: ServerModeReconciler;
    readonly barriers: BarrierReconciler;
    readonly inSync: InSyncReconciler;
    readonly keptLog: KeptLogReconciler;
    readonly suspects: SuspectReconciler;
  };
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
    const control = new ControlLog({ ...ports, masterId, context: contextOf(ports) });
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
    };
    this.#core = core;
    this.#membership = new Membership(control, election, ports, settings);
    this.#snapshots = new SnapshotKeeper(control, ports.snapshots);
    const link = new SourceLink(core);
    this.checksums = new ChecksumService(core, link);
    const inSync = new InSyncReconciler(core, link, this.checksums);
    const barriers = new BarrierReconciler(core);
    const keptLog = new KeptLogReconciler(core);
    const mode = new TargetModeReconciler(core, barriers);
    this.#reconcilers = {
      serverMode: new ServerModeReconciler(core, barriers),
      barriers,
      inSync,
      keptLog,
      suspects: new SuspectReconciler(core),
      members: new MemberReconciler(core),
      mode,
      tasks: new TaskReconciler(core, mode, new ShardPlacement(ports, () => control.state)),
      link,
      cancellation: new CancellationReconciler(core, link),
    };
    this.workerAuthority = new WorkerAuthority(core);
    this.barrier = new BarrierService(core, link, inSync);
    this.sync = new SyncService(core, link, this.#reconcilers.cancellation, this.barrier, keptLog, barriers);
    this.outgoing = new OutgoingService(core, this.checksums, barriers, link, keptLog);
    this.status = new StatusService(core, link, this.sync, this.outgoing);
    this.workers = new WorkerService(core, link, mode, this.workerAuthority);
    this.members = new MemberService(core);
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
    const { members, mode, tasks, link, cancellation, serverMode, barriers, inSync, keptLog, suspects } =
      this.#reconcilers;
    this.#loops = Promise.all([
      this.#followLoop(),
      this.#whileLeading("the workers' CA", (signal) => this.workerAuthority.step(signal)),
      ...this.#rotationLoop(),
      this.#whileLeading('watching members', (signal) => members.step(signal)),
      this.#whileLeading('the mode of the target', (signal) => mode.step(signal)),
      this.#whileLeading('giving out tasks', (signal) => tasks.step(signal)),
      this.#whileLeading('contact with the source', (signal) => link.step(signal)),
      this.#whileLeading('the mode of this deployment', (signal) => serverMode.step(signal)),
      this.#whileLeading('barriers of targets', (signal) => barriers.step(signal)),
      this.#whileLeading('comparing behind the barrier', (signal) => inSync.step(signal)),
      this.#whileLeading('the log of paused targets', (signal) => keptLog.step(signal)),
      this.#whileLeading('watching suspect shards', (signal) => suspects.step(signal)),
      this.#whileLeading('cancelling', (signal) => cancellation.step(signal)),
      ...this.#retentionLoop(),
      this.#whileLeading('keeping a snapshot', (signal) => this.#snapshots.step(signal)),
    ]);
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
      this.#fail(error);
    }
  }

  #whileLeading(name: string, step: (signal: AbortSignal) => Promise<void>): Promise<void> {
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

  #rotationLoop(): readonly Promise<void>[] {
    const { rotation } = this.#ports;
    if (rotation === undefined) return [];
    const reconciler = new RotationReconciler(this.#core, rotation, this.workerAuthority);
    return [this.#whileLeading('rotating the master secret', (signal) => reconciler.step(signal))];
  }

  #retentionLoop(): readonly Promise<void>[] {
    if (this.#settings.retention === undefined) return [];
    const retention = new EventsRetention(this.#core, this.#settings.retention);
    return [this.#whileLeading('archiving events', (signal) => retention.step(signal))];
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
