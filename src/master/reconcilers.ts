import { BarrierReconciler } from './reconcile/barriers.ts';
import { CancellationReconciler } from './reconcile/cancellation.ts';
import type { Core } from './reconcile/core.ts';
import { InSyncReconciler } from './reconcile/in-sync.ts';
import { KeptLogReconciler } from './reconcile/kept-log.ts';
import { MemberReconciler } from './reconcile/members.ts';
import { ProcessSettingsReconciler } from './reconcile/process-settings.ts';
import { RotationReconciler } from './reconcile/rotation.ts';
import { ServerModeReconciler } from './reconcile/server-mode.ts';
import { SourceLink } from './reconcile/source-link.ts';
import { SuspectReconciler } from './reconcile/suspects.ts';
import { TargetModeReconciler } from './reconcile/target-mode.ts';
import { TaskReconciler } from './reconcile/tasks.ts';
import { VerificationReconciler } from './reconcile/verification.ts';
import { ChecksumService } from './services/checksum-service.ts';
import { EventsRetention } from './services/events-retention.ts';
import { ShardPlacement } from './structure/placement.ts';
import { WorkerAuthority } from './worker-authority.ts';

/** What a leader does again and again, whether anybody asks or not. */
export interface LeaderLoop {
  readonly name: string;
  readonly step: (signal: AbortSignal) => Promise<void>;
}

/** Each brings one part of the world to what the log says it should be, and records what it finds. */
export class Reconcilers {
  readonly link: SourceLink;
  readonly checksums: ChecksumService;
  readonly workerAuthority: WorkerAuthority;
  readonly barriers: BarrierReconciler;
  readonly inSync: InSyncReconciler;
  readonly keptLog: KeptLogReconciler;
  readonly mode: TargetModeReconciler;
  readonly cancellation: CancellationReconciler;
  readonly verification: VerificationReconciler | undefined;
  readonly #core: Core;
  readonly #serverMode: ServerModeReconciler;
  readonly #suspects: SuspectReconciler;
  readonly #processSettings: ProcessSettingsReconciler;
  readonly #members: MemberReconciler;
  readonly #tasks: TaskReconciler;

  constructor(core: Core) {
    const { control, ports, settings } = core;
    this.#core = core;
    this.link = new SourceLink(core);
    this.checksums = new ChecksumService(core, this.link);
    this.inSync = new InSyncReconciler(core, this.link, this.checksums);
    this.barriers = new BarrierReconciler(core);
    this.keptLog = new KeptLogReconciler(core);
    this.mode = new TargetModeReconciler(core, this.barriers);
    this.verification =
      settings.verification && new VerificationReconciler(core, this.checksums, settings.verification);
    this.cancellation = new CancellationReconciler(core, this.link);
    this.workerAuthority = new WorkerAuthority(core);
    this.#serverMode = new ServerModeReconciler(core, this.barriers);
    this.#suspects = new SuspectReconciler(core);
    this.#processSettings = new ProcessSettingsReconciler(core);
    this.#members = new MemberReconciler(core);
    this.#tasks = new TaskReconciler(core, this.mode, new ShardPlacement(ports, () => control.state));
  }

  /** In the order in which they begin. */
  loops(): readonly LeaderLoop[] {
    return [
      { name: "the workers' CA", step: (signal) => this.workerAuthority.step(signal) },
      ...this.#rotation(),
      { name: 'watching members', step: (signal) => this.#watchMembers(signal) },
      { name: 'the mode of the target', step: (signal) => this.mode.step(signal) },
      { name: 'giving out tasks', step: (signal) => this.#tasks.step(signal) },
      { name: 'contact with the source', step: (signal) => this.link.step(signal) },
      { name: 'the mode of this deployment', step: (signal) => this.#serverMode.step(signal) },
      { name: 'barriers of targets', step: (signal) => this.barriers.step(signal) },
      { name: 'comparing behind the barrier', step: (signal) => this.inSync.step(signal) },
      { name: 'the log of paused targets', step: (signal) => this.keptLog.step(signal) },
      { name: 'watching suspect shards', step: (signal) => this.#suspects.step(signal) },
      { name: 'cancelling', step: (signal) => this.cancellation.step(signal) },
      ...this.#retention(),
      ...this.#verification(),
    ];
  }

  /** What processes were started with is looked at rarely, and never twice: no loop of its own. */
  #watchMembers(signal: AbortSignal): Promise<void> {
    return this.#processSettings.isDue ? this.#processSettings.step(signal) : this.#members.step(signal);
  }

  #rotation(): readonly LeaderLoop[] {
    const { rotation } = this.#core.ports;
    if (rotation === undefined) return [];
    const reconciler = new RotationReconciler(this.#core, rotation, this.workerAuthority);
    return [{ name: 'rotating the master secret', step: (signal) => reconciler.step(signal) }];
  }

  #retention(): readonly LeaderLoop[] {
    if (this.#core.settings.retention === undefined) return [];
    const retention = new EventsRetention(this.#core, this.#core.settings.retention);
    return [{ name: 'archiving events', step: (signal) => retention.step(signal) }];
  }

  #verification(): readonly LeaderLoop[] {
    const { verification } = this;
    return verification === undefined
      ? []
      : [{ name: 'comparing with the source', step: (signal) => verification.step(signal) }];
  }
}
