import type { FakeCollection, FakeServer } from '../master/support/fake-deployment.ts';

const databaseName = 'd';
const fnvPrime = 0x01000193;
const fnvStart = 0x811c9dc5;

/** A collection of users with its one shard: the writes that it holds, by number, in the order in which they came. */
export class UserCollection implements FakeCollection {
  readonly id: string;
  readonly isSystem = false;
  /** Grown in place by writes; another array when it was copied anew. */
  writes: readonly number[] = [];

  constructor(name: string) {
    this.id = name;
  }

  get count(): number {
    return this.writes.length;
  }

  get hash(): string {
    let hash = fnvStart;
    for (const write of this.writes) hash = Math.imul(hash ^ write, fnvPrime) >>> 0;
    return String(hash);
  }

  add(...writes: readonly number[]): void {
    (this.writes as number[]).push(...writes);
  }
}

/** What the users of a deployment keep in it. */
export class UserData {
  readonly collections = new Map<string, UserCollection>();
  readonly #front: FakeServer;

  constructor(front: FakeServer) {
    this.#front = front;
    front.databases.set(databaseName, this.collections);
  }

  /** Whether users may write at this moment. */
  get isWritable(): boolean {
    return this.#front.mode === 'default';
  }

  get names(): readonly string[] {
    return [...this.collections.keys()];
  }

  /** End of the deployment's log; each write moves it. */
  get logTick(): number {
    return this.#front.tick;
  }

  create(name: string): void {
    if (!this.collections.has(name)) this.collections.set(name, new UserCollection(name));
  }

  drop(name: string): void {
    this.collections.delete(name);
  }

  /** False when there is no such collection (any more). */
  write(name: string, write: number): boolean {
    const collection = this.collections.get(name);
    if (collection === undefined) return false;
    collection.add(write);
    this.#front.tick += 1;
    return true;
  }

  /** Users' streaming transactions, which end in their own time, also when the deployment became read-only meanwhile. */
  get transactions(): string[] {
    return this.#front.transactions;
  }
}

export { databaseName };
