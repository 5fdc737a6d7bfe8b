import type { Master } from '../../../src/master/master.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import type { ShardReport, WorkerInstructions } from '../../../src/wire/worker.ts';

const signal = new AbortController().signal;

/** A worker as the master sees it: it asks for instructions when a test says so. */
export class FakeWorker {
  readonly id: string;
  instructions: WorkerInstructions | undefined;
  /** How many tasks it had, with each answer. */
  readonly counts: number[] = [];
  #polling: Promise<void> | undefined;
  #stop = new AbortController();

  constructor(id: string) {
    this.id = id;
  }

  async register(master: Master): Promise<void> {
    await master.workers.register({ id: this.id, endpoint: `https://${this.id}:8729` }, signal);
  }

  /** Asks once, confirming what it has. */
  async poll(master: Master, waitMs = 0): Promise<WorkerInstructions> {
    const answer = await master.instructions.next(this.id, this.instructions?.version, waitMs, signal);
    const tasks = answer.unchanged === true ? (this.instructions?.tasks ?? []) : answer.tasks;
    this.instructions = { ...answer, tasks };
    this.counts.push(this.instructions.tasks.length);
    return this.instructions;
  }

  /** Asks again and again whoever leads, as a living worker does. */
  live(leader: () => Master | undefined): void {
    this.#polling = (async () => {
      while (!this.#stop.signal.aborted) {
        const master = leader();
        const asked = master === undefined ? Promise.reject(new Error('nobody leads')) : this.poll(master, 50);
        await asked.catch(async () => {
          if (master !== undefined) await this.register(master).catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 10));
        });
      }
    })();
  }

  /** Dies without a word. */
  async die(): Promise<void> {
    this.#stop.abort();
    await this.#polling;
  }

  taskIds(): string[] {
    return (this.instructions?.tasks ?? []).map(({ id }) => id).sort();
  }
}

export function shardReport(taskId: string, shard: ShardRef, overrides: Partial<ShardReport> = {}): ShardReport {
  return {
    taskId,
    shard,
    status: 'running',
    statusMessage: '',
    shardMasterKnown: true,
    way: 'copy',
    reason: 'nothing was there',
    documentsCopied: 1,
    operationsApplied: 0,
    bytesApplied: 10,
    ...overrides,
  };
}
