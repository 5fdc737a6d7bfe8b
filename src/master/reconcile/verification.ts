import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import type { CheckCounts, CheckFinding } from '../../wire/check.ts';
import type { VerificationSettings } from '../ports.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import { CheckRun } from '../verification/check-run.ts';
import type { Core } from './core.ts';

/** A pass takes this part of the time between two at most, unless it would be slower than that many shards a second. */
const PART_OF_TIME = 1 / 10;
const SHARDS_PER_SECOND_MIN = 20;
/** A synchronization that was configured is held against its source for the first time after this part of it. */
const FIRST_PART_OF_TIME = 1 / 24;
const TIMEOUT_MS = 60_000;

/** How far a pass is. */
export interface RunningPass {
  readonly startedAt: string;
  readonly counts: CheckCounts;
}

/**
 * Holds every shard against the source at a set rate, without anybody asking: gently, and changing nothing. What it finds
 * is in the log and in the status until it is repaired or found equal. A pass belongs to its leader: the next one begins
 * anew.
 */
export class VerificationReconciler {
  readonly #core: Core;
  readonly #checksums: ChecksumService;
  readonly #settings: VerificationSettings;
  #running: { readonly startedAt: string; readonly run: CheckRun } | undefined;

  constructor(core: Core, checksums: ChecksumService, settings: VerificationSettings) {
    this.#core = core;
    this.#checksums = checksums;
    this.#settings = settings;
  }

  get running(): RunningPass | undefined {
    return this.#running && { startedAt: this.#running.startedAt, counts: this.#running.run.counts };
  }

  async step(signal: AbortSignal): Promise<void> {
    if (!this.#isDue()) return;
    const { everyMs, deep } = this.#settings;
    const { control, ports } = this.#core;
    const shards = control.state.shards.byKey.size;
    const shardsPerSecond = Math.max(SHARDS_PER_SECOND_MIN, shards / ((everyMs / 1_000) * PART_OF_TIME));
    const how = { by: 'verification', deep, repair: false, timeoutMs: TIMEOUT_MS, shardsPerSecond } as const;
    const run = new CheckRun(this.#core, this.#checksums, how);
    const startedAt = ports.clock.now().toISOString();
    this.#running = { startedAt, run };
    try {
      await this.#pass(run, startedAt, signal);
    } finally {
      this.#running = undefined;
    }
  }

  async #pass(run: CheckRun, startedAt: string, signal: AbortSignal): Promise<void> {
    const { control, desk } = this.#core;
    const position = control.state.synchronization.configuration?.position;
    let unknown: CheckFinding | undefined;
    for await (const { findings } of run.pages(signal)) {
      // Of a synchronization that has ended nothing is to be told; who leads no longer begins no more pages.
      if (!desk.mayAct() || control.state.synchronization.configuration?.position !== position) return;
      unknown ??= findings.find(({ result }) => result === 'unknown');
    }
    const { counts } = run;
    const because = unknown === undefined ? {} : { unknownBecause: `${nameOf(unknown)}: ${unknown.detail}` };
    const pass = {
      startedAt,
      deep: this.#settings.deep,
      shards: counts.compared,
      different: counts.different,
      unknown: counts.unknown,
      ...because,
    };
    await desk.internal({ kind: 'complete-verification', ...pass }, 'every shard was compared', signal);
  }

  #isDue(): boolean {
    const { control, ports } = this.#core;
    const { synchronization, verification, shards, outgoing } = control.state;
    const { configuration, phase } = synchronization;
    if (phase !== 'active' || configuration === null || shards.byKey.size === 0) return false;
    if (heldBackBy(synchronization, outgoing) !== undefined) return false;
    const { everyMs } = this.#settings;
    const { lastPass } = verification;
    const sinceMs = ports.clock.now().getTime() - Date.parse(lastPass?.at ?? configuration.configuredAt);
    // A clock that was put back must not put off the next pass for as long.
    return sinceMs < 0 || sinceMs >= (lastPass === null ? everyMs * FIRST_PART_OF_TIME : everyMs);
  }
}

function nameOf({ database, collection, shardIndex }: CheckFinding): string {
  return `${database}/${collection} shard ${shardIndex ?? 0}`;
}
