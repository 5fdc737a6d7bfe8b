import { setTimeout as sleepFor } from 'node:timers/promises';
import { ulid } from 'ulid';
import { type ConnectedDeployment, connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { type EmbeddedDeployment, type EmbeddedOptions, startEmbedded } from '../../../src/adapters/embedded/index.ts';
import type { ArangoDeployment } from '../../../src/replication/arango.ts';
import { TargetEngine } from '../../../src/replication/target/engine.ts';
import type { Environment, TargetLimits } from '../../../src/replication/target/environment.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../../src/wire/worker.ts';
import { type ScriptedSource, SOURCE_ID } from './scripted-source.ts';

const SECRET = 'a secret of the test';
/** Pauses of the code are cut to this: what they wait for is what the tests bring about. */
const PAUSE_MAX_MS = 10;
/** A pause of this length is meant never to end, and is not shortened. */
export const NEVER_MS = 3_600_000;
const WAIT_MAX_MS = 25_000;

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Real time, with pauses cut short; collects the log. */
export function testEnvironment(lines: LogLine[] = []): Environment {
  const write =
    (level: LogLine['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, message, fields });
  return {
    now: Date.now,
    sleep: async (ms, signal) => {
      await sleepFor(ms >= NEVER_MS ? ms : Math.min(ms, PAUSE_MAX_MS), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    },
    newId: () => ulid(),
    log: { info: write('info'), warn: write('warn'), error: write('error') },
  };
}

/** Resolves with the first value that is not undefined or false; the error tells what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + WAIT_MAX_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited too long for: ${what}`);
    await sleepFor(5);
  }
}

/** An embedded target with a connection as superuser. */
export class TestTarget {
  readonly embedded: EmbeddedDeployment;
  readonly deployment: ConnectedDeployment;

  private constructor(embedded: EmbeddedDeployment, deployment: ConnectedDeployment) {
    this.embedded = embedded;
    this.deployment = deployment;
  }

  static async start(options: EmbeddedOptions): Promise<TestTarget> {
    // A server that is older than any request takes: a restart shows in its uptime.
    let ageMs = 3_600_000;
    const environment = { now: () => Date.now() - ageMs, random: Math.random };
    const embedded = await startEmbedded({ environment, ...options, auth: { jwtSecret: SECRET } });
    ageMs = 0;
    const credentials = { kind: 'secret', jwtSecret: SECRET } as const;
    const deployment = await connectDeployment({ endpoints: embedded.endpoints, credentials, verify: false });
    return new TestTarget(embedded, deployment);
  }

  /** A connection of its own: who loses it writes nothing more. */
  connectAgain(): Promise<ConnectedDeployment> {
    const credentials = { kind: 'secret', jwtSecret: SECRET } as const;
    return connectDeployment({ endpoints: this.embedded.endpoints, credentials, verify: false });
  }

  async stop(): Promise<void> {
    await this.deployment.close();
    await this.embedded.stop();
  }

  async createCollection(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const body = { name, ...more };
    const { id } = await this.deployment.front.json<{ id: string }>({ method: 'POST', path: '/_api/collection', body });
    return id;
  }

  createIndex(collection: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.deployment.front.json({ method: 'POST', path: '/_api/index', query: { collection }, body });
  }

  /** Writes documents with their own revisions. */
  restore(collection: string, lines: readonly string[]): Promise<unknown> {
    return this.deployment.front.json({
      method: 'POST',
      path: `/_api/document/${collection}`,
      query: { isRestore: true, overwriteMode: 'replace' },
      body: `[${lines.join(',')}]`,
    });
  }

  /** Documents by key, with the text of each; absent ones undefined. */
  async documents(collection: string, keys: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const items = await this.deployment.front.json<Record<string, unknown>[]>({
      method: 'PUT',
      path: `/_api/document/${collection}`,
      query: { onlyget: true },
      body: keys,
      repeatable: true,
    });
    return Object.fromEntries(keys.map((key, index) => [key, items[index]?.error === true ? undefined : items[index]]));
  }

  /** `key → _rev` of those that exist. */
  async revisions(collection: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const found = await this.documents(collection, keys);
    return Object.fromEntries(
      Object.entries(found).flatMap(([key, document]) =>
        document === undefined ? [] : [[key, String((document as { _rev: unknown })._rev)]],
      ),
    );
  }

  async count(collection: string): Promise<number> {
    const path = `/_api/collection/${collection}/count`;
    return (await this.deployment.front.json<{ count: number }>({ method: 'GET', path })).count;
  }
}

export interface TestEngine {
  readonly engine: TargetEngine;
  readonly log: LogLine[];
  readonly structures: StructureReport[];
  /** Waits for a shard's report that fits. */
  shard(channel: string, wants: (report: ShardReport) => boolean): Promise<ShardReport>;
}

/** An engine over a target, fed by a scripted source. */
export function testEngine(
  deployment: ArangoDeployment,
  source: Pick<ScriptedSource, 'connect' | 'routes'>,
  limits: Partial<TargetLimits> = {},
  onDoubt: (shard: ShardRef, reason: string) => Promise<void> = async () => undefined,
  now: () => number = Date.now,
): TestEngine {
  const log: LogLine[] = [];
  const structures: StructureReport[] = [];
  const onStructure = async (report: StructureReport) => void structures.push(report);
  const { connect, routes } = source;
  const engine = new TargetEngine({
    deployment,
    connect,
    routes,
    onStructure,
    onDoubt,
    ...testEnvironment(log),
    now,
    limits,
  });
  const shard = (channel: string, wants: (report: ShardReport) => boolean) =>
    until(`a report of ${channel}, last: ${JSON.stringify(engine.reports())}`, () =>
      engine.reports().find((report) => report.taskId === channel && wants(report)),
    );
  return { engine, log, structures, shard };
}

/** Task and channel have the same name. */
export function shardTask(channel: string, ref: Partial<ShardRef> = {}): WorkerTask {
  const shard = { database: '_system', collection: 'c', shardIndex: 0, ...ref };
  return { id: channel, type: 'receive-shard', channels: { data: channel }, peerId: SOURCE_ID, shard };
}

export function instructions(
  tasks: readonly WorkerTask[],
  epoch = 'epoch-1',
): Pick<WorkerInstructions, 'incoming' | 'tasks'> {
  const remote = { endpoints: [], caCertificate: '', token: '' };
  return { incoming: { epoch, sourceDeployment: SOURCE_ID, remote, confirmedDrops: [] }, tasks: [...tasks] };
}
