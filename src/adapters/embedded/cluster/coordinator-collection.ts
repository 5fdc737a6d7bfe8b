import { EngineError } from '../engine/errors.ts';
import { isValidKey } from '../engine/keys.ts';
import type {
  IndexDefinition,
  ItemOutcome,
  Json,
  JsonObject,
  KeyGenerator,
  StoredDocument,
  WriteItem,
  WriteRequest,
  WriteResult,
} from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import { ArangoApiError } from '../http/errors.ts';
import { failed, keyOf, mergeEverywhere, splitByShard } from './bulk-split.ts';
import type { CoordinatorContext } from './coordinator-front.ts';
import { describeSpread } from './describe.ts';
import type { FrontCollection, FrontDatabase, Operation } from './front.ts';
import type { PlannedCollection, PlannedDatabase, PlannedShard } from './plan.ts';
import type { TransactionOn } from './shard-access.ts';
import { ShardHash } from './shard-hash.ts';

/** A logical collection as a coordinator shows it: spread over the shards of the Plan. */
export class CoordinatorCollection implements FrontCollection {
  readonly database: FrontDatabase;
  readonly #context: CoordinatorContext;
  readonly #home: PlannedDatabase;
  readonly #plan: PlannedCollection;
  readonly #hash: ShardHash;

  constructor(context: CoordinatorContext, database: FrontDatabase, home: PlannedDatabase, plan: PlannedCollection) {
    this.database = database;
    this.#context = context;
    this.#home = home;
    this.#plan = plan;
    const { shardKeys, shardingStrategy, numberOfShards } = plan.spread;
    this.#hash = new ShardHash(shardKeys, shardingStrategy, numberOfShards);
  }

  get id(): string {
    return this.#plan.id;
  }

  get planId(): string {
    return this.#plan.id;
  }

  get name(): string {
    return this.#plan.name;
  }

  get type(): 2 | 3 {
    return this.#plan.type;
  }

  get isSystem(): boolean {
    return this.#plan.isSystem;
  }

  get globallyUniqueId(): string {
    return this.#plan.globallyUniqueId;
  }

  get properties(): JsonObject {
    return this.#plan.properties;
  }

  get shardKeys(): readonly string[] {
    return this.#plan.spread.shardKeys;
  }

  get numberOfShards(): number {
    return this.#plan.spread.numberOfShards;
  }

  get indexes(): readonly IndexDefinition[] {
    return this.#plan.indexes;
  }

  get keys(): KeyGenerator {
    return this.#plan.keys;
  }

  describe(): JsonObject {
    return describeSpread(this.#plan, this.#plan.spread, this.keys.describe(), this.#context.features());
  }

  shards(): ReadonlyMap<string, readonly string[]> {
    // Unsorted, as the server tells them (3.2): the last third first.
    const shards = [...this.#plan.shards];
    const cut = Math.ceil((shards.length * 2) / 3);
    return new Map([...shards.slice(cut), ...shards.slice(0, cut)].map(({ name, servers }) => [name, servers]));
  }

  responsibleShard(values: Json): string {
    if (!isObject(values)) throw new ArangoApiError(400, 'expecting object with shard key attributes');
    const bytes = Buffer.from(JSON.stringify(values));
    const text = { bytes, start: 0, end: bytes.length };
    if (!this.#hash.tellsAll(text, undefined)) throw new ArangoApiError(1468);
    return this.#shard(this.#hash.ofDocument(text, undefined)).name;
  }

  async count(operation?: Operation): Promise<number> {
    let sum = 0;
    for (const count of (await this.countByShard(operation)).values()) sum += count;
    return sum;
  }

  async countByShard(operation?: Operation): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await this.#eachLeader(operation, (shard, local, trx) => counts.set(shard.name, local.count(trx)));
    return counts;
  }

  async documentBytes(): Promise<number> {
    let sum = 0;
    await this.#eachLeader(undefined, (_shard, local) => {
      sum += local.documentBytes;
    });
    return sum;
  }

  async lastRevision(): Promise<string> {
    let largest = '';
    await this.#eachLeader(undefined, (_shard, local) => {
      const revision = local.lastRevision;
      if (isLater(revision, largest)) largest = revision;
    });
    return largest;
  }

  async get(key: string, operation?: Operation): Promise<StoredDocument | undefined> {
    const [document] = await this.getAll([key], operation);
    return document;
  }

  async getAll(keys: readonly string[], operation?: Operation): Promise<readonly (StoredDocument | undefined)[]> {
    const found: (StoredDocument | undefined)[] = keys.map(() => undefined);
    const { byKeyOnly } = this.#hash;
    const wanted = byKeyOnly ? new Set(keys.map((key) => this.#hash.ofKey(key))) : undefined;
    await this.#eachLeader(
      operation,
      (_shard, local, trx, index) => {
        keys.forEach((key, place) => {
          if (byKeyOnly && this.#hash.ofKey(key) !== index) return;
          found[place] ??= local.get(key, trx);
        });
      },
      wanted,
    );
    return found;
  }

  async documents(operation?: Operation): Promise<Iterable<StoredDocument>> {
    const parts: Iterable<StoredDocument>[] = [];
    await this.#eachLeader(operation, (_shard, local, trx) => parts.push(local.documents(trx)));
    return chained(parts);
  }

  async write(request: WriteRequest, operation?: Operation): Promise<WriteResult> {
    if (request.bulk && request.kind === 'insert' && !this.#context.features().keyErrorsPerItem) refuseBadKeys(request);
    const { parts, everywhere, refused } = splitByShard(request, this.#hash, this.keys);
    const outcomes: ItemOutcome[] = new Array(request.items.length);
    for (const [place, outcome] of refused) outcomes[place] = outcome;
    const judged = { ...request, keysAreJudged: true, shardKeys: this.shardKeys };
    const single = parts.size + everywhere.length + refused.size === 1 && !request.bulk;
    let synced = false;
    const writes = [...parts].map(async ([index, { items, places }]) => {
      const result = await this.#writePart(index, { ...judged, items }, operation, single || parts.size === 1);
      result.outcomes.forEach((outcome, position) => {
        outcomes[places[position] as number] = outcome;
      });
      synced ||= result.synced;
    });
    await Promise.all(writes);
    for (const place of everywhere) {
      const result = await this.#writeEverywhere(judged, request.items[place] as WriteItem, operation);
      outcomes[place] = result.outcomes[0] as ItemOutcome;
      synced ||= result.synced;
    }
    if (!this.#hash.byKeyOnly) await this.#explainMoved(request, outcomes, operation);
    return { outcomes, changes: [], synced };
  }

  async truncate(operation?: Operation): Promise<void> {
    const { access } = this.#context;
    const trx = this.#transactionOn(operation);
    await Promise.all(this.#plan.shards.map((shard) => access.truncate(this.#home.name, this.#plan, shard, trx)));
  }

  async drop(): Promise<void> {
    this.#context.structure.dropCollection(this.#home, this.#plan);
  }

  async rename(): Promise<void> {
    throw new ArangoApiError(1470);
  }

  async change(properties: JsonObject): Promise<void> {
    this.#context.structure.changeCollection(this.#home, this.#plan, properties, this.#context.features());
    this.#context.cluster.supervision.adjustReplicas(this.#home, this.#plan);
  }

  async createIndex(definition: IndexDefinition): Promise<void> {
    this.#context.structure.createIndex(this.#home, this.#plan, definition);
  }

  async dropIndex(id: string): Promise<void> {
    this.#context.structure.dropIndex(this.#home, this.#plan, id);
  }

  /** One shard's part; when it fails whole, each of its items carries the error, unless it is all there is. */
  async #writePart(
    index: number,
    request: WriteRequest,
    operation: Operation | undefined,
    alone: boolean,
  ): Promise<WriteResult> {
    const { access, hlc } = this.#context;
    try {
      const trx = this.#transactionOn(operation);
      return await access.write(this.#home.name, this.#plan, this.#shard(index), request, trx, hlc());
    } catch (error) {
      if (alone || !(error instanceof EngineError)) throw error;
      const outcome = failed(error.errorNum, error.message);
      return { outcomes: request.items.map(() => outcome), changes: [], synced: false };
    }
  }

  async #writeEverywhere(
    request: WriteRequest,
    item: WriteItem,
    operation: Operation | undefined,
  ): Promise<WriteResult> {
    const results: WriteResult[] = [];
    for (const index of this.#plan.shards.keys()) {
      results.push(await this.#writePart(index, { ...request, items: [item] }, operation, false));
    }
    const answers = results.map((result) => result.outcomes[0] as ItemOutcome);
    const outcome = mergeEverywhere(answers, !request.bulk);
    return { outcomes: [outcome], changes: [], synced: results.some((result) => result.synced) };
  }

  /** A replace or update whose shard keys point to a shard that has not got the key, while another has it (1469). */
  async #explainMoved(request: WriteRequest, outcomes: ItemOutcome[], operation: Operation | undefined): Promise<void> {
    if (request.kind !== 'replace' && request.kind !== 'update') return;
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome.ok || outcome.errorNum !== 1202) continue;
      const key = keyOf(request.items[place] as WriteItem);
      if (key !== undefined && (await this.get(key, operation)) !== undefined) outcomes[place] = failed(1469);
    }
  }

  #shard(index: number): PlannedShard {
    return this.#plan.shards[index] as PlannedShard;
  }

  #transactionOn(operation: Operation | undefined): TransactionOn {
    return this.#context.transactions.on(operation?.trxId, this.#home.name);
  }

  /** Visits the shards on their leaders, in order, once all of them answer. */
  async #eachLeader(
    operation: Operation | undefined,
    visit: (shard: PlannedShard, local: LocalShard, trx: ReturnType<TransactionOn>, index: number) => void,
    wanted?: ReadonlySet<number>,
  ): Promise<void> {
    const { cluster, access } = this.#context;
    const transactionOn = this.#transactionOn(operation);
    const indexes = [...this.#plan.shards.keys()].filter((index) => wanted === undefined || wanted.has(index));
    for (const index of indexes) await cluster.reach(this.#shard(index));
    for (const index of indexes) {
      const shard = this.#shard(index);
      const leader = cluster.leader(shard);
      visit(shard, access.local(leader, this.#home.name, shard), transactionOn(leader), index);
    }
  }
}

const ILLEGAL_KEY = 1221;

/** A bad key failed the whole call (4.3). */
function refuseBadKeys({ items }: WriteRequest): void {
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined && !isValidKey(key)) throw new EngineError(ILLEGAL_KEY, 'illegal document key');
  }
}

type LocalShard = ReturnType<CoordinatorContext['access']['local']>;

function* chained(parts: readonly Iterable<StoredDocument>[]): Iterable<StoredDocument> {
  for (const part of parts) yield* part;
}

const digits = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Whether an encoded revision is larger than another; a decimal one is smaller than any encoded (5.8.4). */
function isLater(revision: string, other: string): boolean {
  if (revision.length !== other.length) return revision.length > other.length;
  for (let index = 0; index < revision.length; index++) {
    const difference = digits.indexOf(revision[index] as string) - digits.indexOf(other[index] as string);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
