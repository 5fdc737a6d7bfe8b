import type { ArangoDeployment } from '../../src/replication/arango.ts';
import { Corpus } from '../e2e/support/corpus.ts';
import { Dice } from './dice.ts';

/** A collection of the source, as far as whoever writes to it has to know. */
export interface FuzzCollection {
  readonly database: string;
  name: string;
  readonly isEdge: boolean;
  /** Documents go to shards by another attribute than their key: then the server makes the keys. */
  readonly shardedBy: '_key' | 'k';
  readonly keys: string[];
  /** Those that were made by an operation. */
  readonly indexes: FuzzIndex[];
  /** Others are distributed like it: it cannot be dropped. */
  isPrototype: boolean;
  readonly follows: FuzzCollection | undefined;
  /** Part of graphs: it cannot be dropped. */
  readonly graphs: Set<string>;
}

export interface FuzzIndex {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

export interface FuzzGraph {
  readonly name: string;
  /** Each with its vertex collection. */
  readonly edges: Map<FuzzCollection, FuzzCollection>;
  readonly orphans: Set<FuzzCollection>;
}

export interface FuzzDatabase {
  readonly name: string;
  /** All of its collections are distributed like its first one: none says itself like which. */
  readonly isOneShard: boolean;
  readonly collections: FuzzCollection[];
  readonly views: { name: string; readonly type: 'arangosearch' | 'search-alias' }[];
  readonly analyzers: string[];
  readonly graphs: FuzzGraph[];
  readonly functions: string[];
  /** Keys of what was written into its system collections. */
  readonly systemKeys: string[];
}

export const SYSTEM_DATABASE = '_system';

/** What the operations of one seed have made at the source, in names only: the servers hold the rest. */
export class World {
  readonly source: ArangoDeployment;
  readonly dice: Dice;
  readonly corpus: Corpus;
  readonly databases: FuzzDatabase[] = [emptyDatabase(SYSTEM_DATABASE, false)];
  readonly users: string[] = [];
  /** Transactions that stay open while other operations go on. */
  readonly open: OpenTransaction[] = [];
  #names = 0;

  constructor(source: ArangoDeployment, seed: number) {
    this.source = source;
    this.dice = new Dice(seed);
    this.corpus = new Corpus(seed);
  }

  get isCluster(): boolean {
    return this.source.kind === 'cluster';
  }

  get collections(): readonly FuzzCollection[] {
    return this.databases.flatMap(({ collections }) => collections);
  }

  /** A name that nothing had before. */
  newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  /** A key that no document had before. */
  newKey(): string {
    this.#names += 1;
    return this.corpus.key(this.#names);
  }

  databaseOf(collection: FuzzCollection): FuzzDatabase {
    const found = this.databases.find(({ name }) => name === collection.database);
    if (found === undefined) throw new Error(`no database ${collection.database}`);
    return found;
  }

  /** Whether an open transaction holds it: what needs a collection for itself would wait. */
  isHeld(collection: FuzzCollection): boolean {
    return this.open.some(({ collections }) => collections.includes(collection));
  }

  /** One of the databases, or one that suits. */
  someDatabase(suits: (database: FuzzDatabase) => boolean = () => true): FuzzDatabase | undefined {
    const suiting = this.databases.filter(suits);
    return suiting.length === 0 ? undefined : this.dice.pick(suiting);
  }

  someCollection(suits: (collection: FuzzCollection) => boolean = () => true): FuzzCollection | undefined {
    const suiting = this.collections.filter(suits);
    return suiting.length === 0 ? undefined : this.dice.pick(suiting);
  }

  /** One that documents were written into. */
  filledCollection(suits: (collection: FuzzCollection) => boolean = () => true): FuzzCollection | undefined {
    return this.someCollection((collection) => collection.keys.length > 0 && suits(collection));
  }

  /** Keys of a collection, at most so many, each once. */
  someKeys({ keys }: FuzzCollection, most: number): string[] {
    const count = this.dice.between(1, most);
    return [...new Set(Array.from({ length: Math.min(count, keys.length) }, () => this.dice.pick(keys)))];
  }
}

export interface OpenTransaction {
  readonly id: string;
  readonly database: string;
  readonly collections: readonly FuzzCollection[];
  /** Keys of documents that only it knows. */
  readonly written: Map<FuzzCollection, string[]>;
}

export function emptyDatabase(name: string, isOneShard: boolean): FuzzDatabase {
  return {
    name,
    isOneShard,
    collections: [],
    views: [],
    analyzers: [],
    graphs: [],
    functions: [],
    systemKeys: [],
  };
}
