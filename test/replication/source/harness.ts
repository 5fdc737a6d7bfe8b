import { setTimeout as sleepFor } from 'node:timers/promises';
import { ulid } from 'ulid';
import { type ConnectedDeployment, connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { type EmbeddedDeployment, type EmbeddedOptions, startEmbedded } from '../../../src/adapters/embedded/index.ts';
import type { Inventory } from '../../../src/replication/inventory.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { Checkpoint, Frame, FrameHeader, ReceiverLink } from '../../../src/replication/queue.ts';
import { SourceEngine } from '../../../src/replication/source/engine.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import type { WorkerTask } from '../../../src/wire/worker.ts';
import { Replica } from './replica.ts';

const SECRET = 'a secret of the test';
const TARGET_ID = 'target-deployment';
const WAIT_MAX_MS = 25_000;
export const INVENTORY_CHANNEL = 'inventory';

/** Short pauses: what they wait for is what the tests bring about. */
export const QUICK: Partial<SourceLimits> = {
  inventoryEveryMs: 50,
  inventoryAtMostEveryMs: 5,
  inventoryConfirmMs: 10,
  pollMinMs: 1,
  pollGatherMs: 1,
  pollQuickMs: 3,
  pollMaxMs: 5,
  pollRestMs: 5,
  floorEveryMs: 20,
  gatherMs: 2,
  pinEveryMs: 20,
  overdrawnMs: 20,
  incarnationFreshMs: 0,
  // In the log stands what a test writes.
  markerEveryMs: 0,
};

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
    await sleepFor(2);
  }
}

export interface LogLine {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An embedded source with an engine, and what a target would make of it. */
export class TestSource {
  readonly embedded: EmbeddedDeployment;
  readonly deployment: ConnectedDeployment;
  readonly log: LogLine[] = [];
  /** Pauses that were asked for, ms. */
  readonly slept = new Set<number>();
  readonly #limits: Partial<SourceLimits>;
  engine: SourceEngine;
  receiver: TestReceiver;
  #tasks: WorkerTask[] = [];

  private constructor(embedded: EmbeddedDeployment, deployment: ConnectedDeployment, limits: Partial<SourceLimits>) {
    this.embedded = embedded;
    this.deployment = deployment;
    this.#limits = { ...QUICK, ...limits };
    this.engine = this.#newEngine();
    this.receiver = new TestReceiver(this.engine);
  }

  static async start(options: EmbeddedOptions, limits: Partial<SourceLimits> = {}): Promise<TestSource> {
    // A server that is older than any request takes: a restart shows in its uptime.
    let ageMs = 3_600_000;
    const environment = { now: () => Date.now() - ageMs, random: Math.random };
    const embedded = await startEmbedded({ ...options, environment, auth: { jwtSecret: SECRET } });
    ageMs = 0;
    const credentials = { kind: 'secret', jwtSecret: SECRET } as const;
    const deployment = await connectDeployment({ endpoints: embedded.endpoints, credentials, verify: false });
    return new TestSource(embedded, deployment, limits);
  }

  async stop(): Promise<void> {
    this.receiver.close();
    await this.engine.stop();
    await this.deployment.close();
    await this.embedded.stop();
  }

  #newEngine(): SourceEngine {
    const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void this.log.push({ message, fields });
    return new SourceEngine({
      deployment: this.deployment,
      syncerSeed: 'test',
      now: Date.now,
      sleep: async (ms, signal) => {
        this.slept.add(ms);
        await sleepFor(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
      },
      log: { info: write, warn: write, error: write },
      limits: this.#limits,
    });
  }

  /** Another engine and link, as after a restart of both workers. */
  async restart(): Promise<void> {
    this.receiver.close();
    await this.engine.stop();
    this.engine = this.#newEngine();
    this.receiver = new TestReceiver(this.engine);
    await this.engine.setTasks(this.#tasks);
  }

  async addTask(channel: string, shard?: ShardRef): Promise<void> {
    const channels = { data: channel };
    const task: WorkerTask =
      shard === undefined
        ? { id: `task-${channel}`, type: 'send-inventory', channels, peerId: TARGET_ID }
        : { id: `task-${channel}`, type: 'send-shard', channels, peerId: TARGET_ID, shard };
    this.#tasks = [...this.#tasks, task];
    await this.engine.setTasks(this.#tasks);
  }

  async removeTask(channel: string): Promise<void> {
    this.#tasks = this.#tasks.filter(({ channels }) => channels.data !== channel);
    await this.engine.setTasks(this.#tasks);
  }

  /** A task for every shard of a collection, opened; a replica for each. */
  async follow(collection: string, shards = 1, credit?: number): Promise<Replica[]> {
    const replicas: Replica[] = [];
    for (let shardIndex = 0; shardIndex < shards; shardIndex += 1) {
      const channel = `${collection}-${shardIndex}`;
      await this.addTask(channel, { database: '_system', collection, shardIndex });
      replicas.push(this.receiver.open(channel, credit === undefined ? {} : { credit }));
    }
    return replicas;
  }

  createCollection(name: string, more: Readonly<Record<string, unknown>> = {}, database = '_system'): Promise<unknown> {
    const body = { name, ...more };
    return this.deployment.front.json({ method: 'POST', path: '/_api/collection', database, body });
  }

  dropCollection(name: string): Promise<unknown> {
    return this.deployment.front.json({ method: 'DELETE', path: `/_api/collection/${name}` });
  }

  createDatabase(name: string): Promise<unknown> {
    return this.deployment.front.json({ method: 'POST', path: '/_api/database', body: { name } });
  }

  /** Inserts or replaces in one call; `waitForSync` decides whether a power cut may take it. */
  write(collection: string, documents: readonly object[], waitForSync = false): Promise<unknown> {
    return this.deployment.front.json({
      method: 'POST',
      path: `/_api/document/${collection}`,
      query: { overwriteMode: 'replace', waitForSync },
      body: documents,
      repeatable: true,
    });
  }

  /** One document in a call of its own: no transaction in the log. */
  writeOne(collection: string, document: object): Promise<unknown> {
    const query = { overwriteMode: 'replace' };
    return this.deployment.front.json({ method: 'POST', path: `/_api/document/${collection}`, query, body: document });
  }

  remove(collection: string, keys: readonly string[]): Promise<unknown> {
    return this.deployment.front.json({ method: 'DELETE', path: `/_api/document/${collection}`, body: keys });
  }

  truncate(collection: string): Promise<unknown> {
    return this.deployment.front.json({ method: 'PUT', path: `/_api/collection/${collection}/truncate` });
  }

  /** One transaction over several collections. */
  async transaction(writes: Readonly<Record<string, readonly object[]>>): Promise<void> {
    const { front } = this.deployment;
    const body = { collections: { write: Object.keys(writes) } };
    const path = '/_api/transaction/begin';
    const { result } = await front.json<{ result: { id: string } }>({ method: 'POST', path, body });
    for (const [collection, documents] of Object.entries(writes)) {
      const headers = { 'x-arango-trx-id': result.id };
      const query = { overwriteMode: 'replace' };
      await front.json({ method: 'POST', path: `/_api/document/${collection}`, query, headers, body: documents });
    }
    await front.json({ method: 'PUT', path: `/_api/transaction/${result.id}` });
  }

  /** The documents of one shard as its leader stores them: text by key. */
  async documents(shard: string, leader?: string): Promise<Map<string, string>> {
    const server = leader === undefined ? this.deployment.front : await this.deployment.dbServer(leader);
    const batch = '/_api/replication/batch';
    const { id } = await server.json<{ id: string }>({
      method: 'POST',
      path: batch,
      body: { ttl: 60 },
      repeatable: true,
    });
    const query = { collection: shard, batchId: id, useEnvelope: false, chunkSize: 100_000_000 };
    const answer = await server.request({ method: 'GET', path: '/_api/replication/dump', query });
    await server.request({ method: 'DELETE', path: `${batch}/${id}` });
    const lines = answer.body.toString('utf8').split('\n').filter(Boolean);
    return new Map(lines.map((line) => [(JSON.parse(line) as { _key: string })._key, line]));
  }

  /** Resolves when the replica holds exactly what the shard does. */
  async equal(replica: Replica, shard: string, leader?: string): Promise<void> {
    let difference = '';
    try {
      await until('equal documents', async () => {
        if (replica.errors.length > 0) throw new Error(`the stream is wrong: ${replica.errors.join('; ')}`);
        if (replica.isCopying) return false;
        difference = differenceOf(await this.documents(shard, leader), replica.documents);
        return difference === '';
      });
    } catch (error) {
      const frames = replica.frames.slice(-5).map((frame) => JSON.stringify(frame));
      throw new Error(
        `${error}: ${difference}; last frames ${frames.join(' ')}; log ${JSON.stringify(this.log.slice(-5))}`,
      );
    }
  }
}

function differenceOf(source: ReadonlyMap<string, string>, replica: ReadonlyMap<string, string>): string {
  for (const [key, text] of source) {
    if (replica.get(key) !== text) return `${key} is ${replica.get(key)?.slice(0, 80)}, not ${text.slice(0, 80)}`;
  }
  for (const key of replica.keys()) if (!source.has(key)) return `${key} is too many`;
  return '';
}

export interface OpenOptions {
  readonly checkpoint?: Checkpoint;
  readonly copyBecause?: string;
  readonly credit?: number;
}

/** The target's end of a link: takes frames, acknowledges, opens again what broke. */
export class TestReceiver {
  readonly link: ReceiverLink;
  readonly inventories: Inventory[] = [];
  readonly floors: Extract<FrameHeader, { kind: 'floor' }>[] = [];
  /** Streams that were told to wait for their turn, by frame. */
  readonly queued: ReadonlySet<string>[] = [];
  readonly #replicas = new Map<string, Replica>();
  readonly #options = new Map<string, OpenOptions>();
  /** Channels whose frames are not acknowledged. */
  readonly holding = new Set<string>();
  readonly #served: Promise<void>;
  reopens = true;

  constructor(engine: SourceEngine) {
    const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
    this.link = receiver;
    this.#served = engine.serve(sender);
    void this.#listen();
  }

  close(): void {
    this.link.close();
  }

  get served(): Promise<void> {
    return this.#served;
  }

  open(channel: string, options: OpenOptions = {}): Replica {
    const replica = this.#replicas.get(channel) ?? new Replica(channel);
    this.#replicas.set(channel, replica);
    this.#options.set(channel, options);
    const stream = ulid();
    replica.begin(stream);
    this.link.send({ kind: 'open', channel, stream, credit: 4 * 1024 * 1024, ...options });
    return replica;
  }

  /** Goes on with a replica of before, from its checkpoint. */
  resume(replica: Replica): void {
    this.#replicas.set(replica.channel, replica);
    const { checkpoint } = replica;
    this.open(replica.channel, checkpoint === undefined ? {} : { checkpoint });
  }

  verify(replica: Replica): void {
    this.link.send({ kind: 'verify', channel: replica.channel, stream: replica.stream });
  }

  acknowledge(replica: Replica): void {
    const { channel, stream, seq, checkpoint } = replica;
    const durable = checkpoint === undefined ? {} : { durable: checkpoint.tick };
    this.link.send({ kind: 'ack', channel, stream, seq, ...durable });
  }

  async #listen(): Promise<void> {
    for await (const frame of this.link.frames) this.#take(frame);
  }

  #take(frame: Frame): void {
    const { header, body } = frame;
    if (header.kind === 'floor') {
      this.floors.push(header);
      for (const replica of this.#replicas.values()) replica.floor(header);
      return;
    }
    if (header.kind === 'queued') {
      this.queued.push(new Set(header.streams));
      return;
    }
    if (header.kind === 'inventory') this.inventories.push(JSON.parse(Buffer.from(body).toString('utf8')) as Inventory);
    const replica = this.#replicas.get(header.channel);
    if (replica === undefined) return;
    replica.take(frame);
    if (header.stream !== replica.stream) return;
    if (!this.holding.has(replica.channel)) this.acknowledge(replica);
    if (header.kind === 'broken' && this.reopens) this.#reopen(replica, header);
  }

  #reopen(replica: Replica, header: Extract<FrameHeader, { kind: 'broken' }>): void {
    const { credit } = this.#options.get(replica.channel) ?? {};
    const { checkpoint } = replica;
    setTimeout(() => {
      if (this.link.closed.aborted) return;
      this.open(replica.channel, {
        ...(credit === undefined ? {} : { credit }),
        ...(header.catchUp !== undefined
          ? { catchUpBecause: header.reason }
          : checkpoint === undefined
            ? {}
            : { checkpoint }),
      });
    }, 5);
  }
}
