import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectedDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { Corpus, type CorpusDocument } from './corpus.ts';

const BULK_BYTES = 4 * 1_024 * 1_024;
const BULK_DOCUMENTS = 1_000;
/** A steady load, not all that the machine can do: workers and masters run beside it. */
const BETWEEN_ROUNDS_MS = 80;

export interface WorkloadSize {
  readonly databases: number;
  readonly collections: number;
  readonly documents: number;
}

interface Collection {
  readonly database: string;
  readonly name: string;
  readonly keys: string[];
}

/** Collections of 1 to 9 shards over several databases, and writes of every kind to them. */
export class Workload {
  readonly #front: ConnectedDeployment['front'];
  readonly #corpus: Corpus;
  readonly #collections: Collection[] = [];
  #nextKey = 0;
  #shards = 0;

  constructor(source: ConnectedDeployment, seed: number) {
    this.#front = source.front;
    this.#corpus = new Corpus(seed);
  }

  /** Of all collections. */
  get shards(): number {
    return this.#shards;
  }

  async create({ databases, collections }: Omit<WorkloadSize, 'documents'>): Promise<void> {
    for (let index = 0; index < databases; index++) {
      await this.#front.json({ method: 'POST', path: '/_api/database', body: { name: `db ${index} ü` } });
    }
    for (let index = 0; index < collections; index++) {
      const database = `db ${index % databases} ü`;
      const name = `collection-${index}`;
      const numberOfShards = 1 + (index % 9);
      const body = { name, numberOfShards, replicationFactor: 1 + (index % 2) };
      await this.#front.json({ method: 'POST', database, path: '/_api/collection', body });
      this.#collections.push({ database, name, keys: [] });
      this.#shards += numberOfShards;
    }
  }

  /** Inserts `documents` new ones, spread over the collections. */
  async load(documents: number): Promise<void> {
    const each = Math.ceil(documents / this.#collections.length);
    for (const collection of this.#collections) await this.#insert(collection, each);
  }

  /** Inserts, replaces and removes until the signal fires; tells how many operations there were. */
  async mix(signal: AbortSignal): Promise<number> {
    let operations = 0;
    while (!signal.aborted) {
      const collection = this.#collections[this.#corpus.below(this.#collections.length)];
      if (collection === undefined) throw new Error('no collections');
      operations += await this.#round(collection);
      await sleep(BETWEEN_ROUNDS_MS);
    }
    return operations;
  }

  /** Writes one document into every collection; tells where each can be read. */
  async probe(round: number): Promise<{ readonly database: string; readonly path: string }[]> {
    for (const collection of this.#collections)
      await this.#write(collection, [this.#corpus.document(`probe-${round}`)]);
    return this.#collections.map(({ database, name }) => ({ database, path: `/_api/document/${name}/probe-${round}` }));
  }

  async #round(collection: Collection): Promise<number> {
    const kind = this.#corpus.below(4);
    if (kind <= 1 || collection.keys.length < 20) return this.#insert(collection, 20);
    const first = this.#corpus.below(collection.keys.length - 10);
    if (kind === 2) {
      const keys = collection.keys.slice(first, first + 10);
      await this.#write(
        collection,
        keys.map((key) => this.#corpus.document(key)),
      );
      return keys.length;
    }
    const removed = collection.keys.splice(first, 5);
    const path = `/_api/document/${collection.name}`;
    const { database } = collection;
    const answer = await this.#front.request({
      method: 'DELETE',
      database,
      path,
      query: { silent: true },
      body: removed,
    });
    if (answer.status >= 400) throw new Error(`${answer.status} ${answer.body.toString()}`);
    return removed.length;
  }

  async #insert(collection: Collection, count: number): Promise<number> {
    const documents = Array.from({ length: count }, () => this.#corpus.document(this.#corpus.key(this.#nextKey++)));
    await this.#write(collection, documents);
    collection.keys.push(...documents.map(({ key }) => key));
    return count;
  }

  async #write({ database, name }: Collection, documents: readonly CorpusDocument[]): Promise<void> {
    let bulk: string[] = [];
    let bytes = 0;
    const flush = async () => {
      const query = { overwriteMode: 'replace', silent: true };
      const body = `[${bulk.join(',')}]`;
      const answer = await this.#front.request({
        method: 'POST',
        database,
        path: `/_api/document/${name}`,
        query,
        body,
      });
      const text = answer.body.toString();
      if (answer.status >= 400 || text.includes('errorNum')) throw new Error(`${answer.status} ${text.slice(0, 500)}`);
      bulk = [];
      bytes = 0;
    };
    for (const { text } of documents) {
      bulk.push(text);
      bytes += text.length;
      if (bytes > BULK_BYTES || bulk.length === BULK_DOCUMENTS) await flush();
    }
    if (bulk.length > 0) await flush();
  }
}
