import type { ComparisonRequest } from '../../../src/wire/comparisons.ts';
import type { WorkerThrottle } from '../../../src/wire/throttle.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../../src/wire/worker.ts';
import type { Roles, SourceRole, TargetRole } from '../../../src/worker/ports.ts';

/** Engines that write down what they are told. */
export class FakeRoles implements Roles {
  readonly log: string[] = [];
  shards: ShardReport[] = [];
  readonly throttles: WorkerThrottle[] = [];
  structure: ((report: StructureReport) => Promise<void>) | undefined;
  /** Set: following instructions takes until this resolves. */
  slow: Promise<void> | undefined;
  running = 0;
  comparing: readonly ComparisonRequest[] = [];

  source(): SourceRole {
    this.log.push('source starts');
    this.running += 1;
    return {
      setTasks: async (tasks) => {
        await this.slow;
        this.log.push(`source: ${ids(tasks)}`);
      },
      setThrottle: (limits) => void this.throttles.push(limits),
      reports: () => this.shards,
      stop: async () => this.#stopped('source stops'),
    };
  }

  target(structure: (report: StructureReport) => Promise<void>): TargetRole {
    this.log.push('target starts');
    this.structure = structure;
    this.running += 1;
    return {
      setInstructions: (instructions) => {
        this.log.push(`target ${instructions.incoming?.epoch}: ${ids(instructions.tasks)}`);
      },
      reports: () => [],
      setComparisons: (requests) => {
        this.comparing = requests;
      },
      comparisons: () => this.comparing.map(({ id, taskId }) => ({ id, taskId, state: 'equal' })),
      stop: async () => this.#stopped('target stops'),
    };
  }

  #stopped(what: string): void {
    this.log.push(what);
    this.running -= 1;
  }
}

const ids = (tasks: readonly WorkerTask[]) => tasks.map(({ id }) => id).join(' ');

export function task(id: string, type: WorkerTask['type']): WorkerTask {
  return { id, type, channels: { data: `data-${id}` }, peerId: 'peer' };
}

let versions = 0;

export function instructions(
  tasks: readonly WorkerTask[],
  changes: Partial<WorkerInstructions> & { readonly epoch?: string } = {},
): WorkerInstructions {
  const { epoch, ...rest } = changes;
  versions += 1;
  return {
    term: 3,
    version: `v${versions}`,
    deploymentId: 'own',
    tasks: [...tasks],
    ...(epoch === undefined
      ? {}
      : {
          incoming: {
            epoch,
            sourceDeployment: 'source',
            remote: { endpoints: ['https://source:8629'], caCertificate: 'pem', token: 'token' },
            confirmedDrops: [],
          },
        }),
    ...rest,
  };
}

export function shardReport(taskId: string, changes: Partial<ShardReport> = {}): ShardReport {
  return {
    taskId,
    shard: { database: 'd', collection: 'c', shardIndex: 0 },
    status: 'running',
    statusMessage: '',
    shardMasterKnown: true,
    way: 'tail',
    reason: '',
    documentsCopied: 0,
    operationsApplied: 0,
    bytesApplied: 0,
    ...changes,
  };
}
