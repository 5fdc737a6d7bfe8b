import type { ComparisonRequest, ComparisonResult } from '../wire/comparisons.ts';
import type { ShardReport, StructureReport, WorkerInstructions } from '../wire/worker.ts';
import type { Roles, SourceRole, TargetRole, TellDoubt } from './ports.ts';

interface RunningTarget {
  /** Another epoch or another source is another synchronization: nothing of the old one may live on in it (S3). */
  readonly identity: string;
  readonly role: TargetRole;
}

/**
 * The engines of one tenure. Follows instructions, one after the other; the newest replaces those that still wait. Once
 * stopped it starts nothing more.
 */
export class RunningRoles {
  readonly #roles: Roles;
  readonly #structure: (report: StructureReport) => Promise<void>;
  readonly #doubt: TellDoubt;
  #source: SourceRole | undefined;
  #target: RunningTarget | undefined;
  #following: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(roles: Roles, structure: (report: StructureReport) => Promise<void>, doubt: TellDoubt) {
    this.#roles = roles;
    this.#structure = structure;
    this.#doubt = doubt;
  }

  /** Resolves when the instructions are followed: what they do not list has stopped. */
  follow(instructions: WorkerInstructions): Promise<void> {
    const followed = this.#following.then(() => this.#follow(instructions));
    this.#following = followed.catch(() => undefined);
    return followed;
  }

  reports(): readonly ShardReport[] {
    return [...(this.#source?.reports() ?? []), ...(this.#target?.role.reports() ?? [])];
  }

  /** Shards that are to be held against the source now; without a running target there are none. */
  setComparisons(requests: readonly ComparisonRequest[]): void {
    this.#target?.role.setComparisons(requests);
  }

  comparisons(): readonly ComparisonResult[] {
    return this.#target?.role.comparisons() ?? [];
  }

  /** Stops both engines; nothing of theirs runs when it resolves. Rejects with what an engine's end met. */
  async stop(): Promise<void> {
    this.#stopped = true;
    // Not behind instructions that are being followed: those may wait for what only stopping ends.
    const outcomes = await Promise.allSettled([this.#source?.stop(), this.#target?.role.stop()]);
    await this.#following;
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #follow(instructions: WorkerInstructions): Promise<void> {
    if (this.#stopped) return;
    const sends = instructions.tasks.filter(({ type }) => type === 'send-shard' || type === 'send-inventory');
    if (sends.length > 0) this.#source ??= this.#roles.source();
    // First: what is being stopped may be waiting for a limit.
    this.#source?.setThrottle(instructions.throttle ?? {});
    const identity = identityOf(instructions);
    await Promise.all([this.#source?.setTasks(sends), this.#leaveTarget(identity)]);
    if (this.#stopped || identity === undefined) return;
    this.#target ??= { identity, role: this.#roles.target(this.#structure, this.#doubt) };
    const tasks = instructions.tasks.filter(({ type }) => type === 'receive-shard' || type === 'receive-inventory');
    await this.#target.role.setInstructions({ ...instructions, tasks });
  }

  async #leaveTarget(identity: string | undefined): Promise<void> {
    if (this.#target === undefined || this.#target.identity === identity) return;
    await this.#target.role.stop();
    this.#target = undefined;
  }
}

function identityOf({ incoming }: WorkerInstructions): string | undefined {
  return incoming === undefined ? undefined : JSON.stringify([incoming.epoch, incoming.sourceDeployment]);
}
