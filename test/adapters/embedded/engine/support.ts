import { scanItems } from '../../../../src/adapters/embedded/engine/json/items.ts';
import { createStorageServer, type StorageEngine } from '../../../../src/adapters/embedded/engine/server.ts';
import { type TailAnswer, type TailRequest, tailLog } from '../../../../src/adapters/embedded/engine/tail.ts';
import type {
  EngineTransaction,
  IndexDefinition,
  ItemOutcome,
  StorageServerOptions,
  WriteKind,
  WriteRequest,
  WriteResult,
} from '../../../../src/adapters/embedded/engine/types.ts';

/** 2023-11-14T22:13:20Z. */
export const START_MS = 1700000000000;

/** A single server with `_system`, the collection `c` and the edge collection `e`, a clock to move, and short calls. */
export class TestServer {
  nowMs = START_MS;
  readonly engine: StorageEngine;
  #lastId = 100;
  #seed = 42;

  constructor(options: Partial<StorageServerOptions> = {}) {
    this.engine = createStorageServer({
      role: 'single',
      id: 'SNGL-1',
      serverId: '268111977542955',
      ids: { next: () => String(++this.#lastId), raiseTo: () => {} },
      environment: { now: () => this.nowMs, random: () => this.#random() },
      ...options,
    });
    this.engine.createDatabase({ id: '1', name: '_system' });
    this.collection('c');
    this.collection('e', 3);
  }

  #random(): number {
    this.#seed = (this.#seed * 16807) % 2147483647;
    return this.#seed / 2147483647;
  }

  nextId(): string {
    return String(++this.#lastId);
  }

  collection(name: string, type: 2 | 3 = 2, properties = {}): void {
    this.engine.createCollection('_system', {
      id: this.nextId(),
      name,
      type,
      isSystem: name.startsWith('_'),
      properties,
    });
  }

  index(fields: string[], options: Partial<IndexDefinition> = {}): void {
    const id = this.nextId();
    this.engine.createIndex('_system', 'c', {
      id,
      name: `idx_${id}`,
      type: 'persistent',
      fields,
      unique: true,
      ...options,
    });
  }

  write(
    kind: WriteKind,
    body: unknown,
    options: Partial<WriteRequest> & { trx?: EngineTransaction; into?: string } = {},
  ): WriteResult {
    const { trx, into, ...rest } = options;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { isArray, items } = scanItems(Buffer.from(text));
    const request = { kind, bulk: isArray, items: items.map((item) => ({ text: item })), ...rest };
    return this.engine.write('_system', into ?? 'c', request, trx);
  }

  insert(body: unknown, options: Parameters<TestServer['write']>[2] = {}): ItemOutcome[] {
    return [...this.write('insert', body, options).outcomes];
  }

  remove(keys: string[], options: Parameters<TestServer['write']>[2] = {}): ItemOutcome[] {
    return [...this.write('remove', keys, options).outcomes];
  }

  /** The stored text of a document; undefined when there is none. */
  text(key: string, into = 'c', trx?: EngineTransaction): string | undefined {
    return this.engine.demandCollection('_system', into).get(key, trx)?.bytes().toString();
  }

  /** Keys of all committed documents by revision. */
  keys(into = 'c'): string[] {
    return this.engine
      .demandCollection('_system', into)
      .versions()
      .map((version) => version.key);
  }

  tail(request: Partial<TailRequest> = {}): TailAnswer {
    return tailLog(this.engine.log, {
      from: 0,
      to: undefined,
      lastScanned: 0,
      chunkSize: undefined,
      database: undefined,
      collection: undefined,
      includeSystem: true,
      judgesShardNames: true,
      includeFoxxQueues: false,
      ...request,
    });
  }

  /** The lines behind a tick, parsed, in short: `2300 a`, `2302 a`, `2200`. */
  lines(request: Partial<TailRequest> = {}): string[] {
    return linesOf(this.tail(request)).map((line) => [line.type, line.data?._key].filter(Boolean).join(' '));
  }

  get collectionC() {
    return this.engine.demandCollection('_system', 'c');
  }
}

export interface Line {
  readonly tick: string;
  readonly type: number;
  readonly tid?: string;
  readonly cuid?: string;
  readonly data?: { readonly _key?: string; readonly _rev?: string; readonly _id?: string };
}

export function bodyOf(answer: TailAnswer): string {
  return Buffer.concat(answer.body).toString();
}

export function linesOf(answer: TailAnswer): Line[] {
  return bodyOf(answer)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Error number of a failed item, 0 of a written one. */
export function errorOf(outcome: ItemOutcome | undefined): number | undefined {
  return outcome?.ok === false ? outcome.errorNum : outcome && 0;
}

export function errorsOf(outcomes: readonly ItemOutcome[]): (number | undefined)[] {
  return outcomes.map(errorOf);
}

export function messageOf(outcome: ItemOutcome | undefined): string {
  return outcome?.ok === false ? outcome.message : '';
}

export function revOf(outcome: ItemOutcome | undefined): string {
  return outcome?.ok === true ? outcome.rev : '';
}
