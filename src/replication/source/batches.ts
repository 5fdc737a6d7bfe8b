import { throwIfError } from '../answers.ts';
import type { ArangoServer } from '../arango.ts';
import type { Tick } from '../queue.ts';
import { StreamBroken } from './broken.ts';
import { type Environment, pause } from './environment.ts';
import type { SourceLimits } from './limits.ts';

/** A snapshot of a whole server (reference 5.1), shared by those who read it. */
export interface SharedBatch {
  readonly id: string;
  /** The log continues exactly behind it. Durable: a power cut cannot give it to other operations (S5). */
  readonly lastTick: Tick;
  /** Aborted when the snapshot was lost. */
  readonly lost: AbortSignal;
  /** Rejects when the snapshot is gone: reading it then gave what is there now (reference 5.8.1). */
  confirm(signal: AbortSignal): Promise<void>;
  /** The last one to release it deletes it. */
  release(): Promise<void>;
}

interface Holding {
  readonly id: string;
  readonly lastTick: Tick;
  readonly madeAt: number;
  readonly lost: AbortController;
  readonly ended: AbortController;
  /** A dump has one position per batch and collection (reference 5.4): nobody reads the same shard twice. */
  readonly readers: Set<string>;
  holders: number;
}

/** Makes snapshots of one server, keeps them alive and deletes them. */
export class Batches {
  readonly #server: ArangoServer;
  readonly #syncerId: string;
  readonly #environment: Environment;
  readonly #limits: SourceLimits;
  #newest: Promise<Holding> | undefined;

  constructor(server: ArangoServer, syncerId: string, environment: Environment, limits: SourceLimits) {
    this.#server = server;
    this.#syncerId = syncerId;
    this.#environment = environment;
    this.#limits = limits;
  }

  /** A snapshot to read `shard` of; others that begin about now get the same one. */
  async shared(shard: string, signal: AbortSignal): Promise<SharedBatch> {
    const newest = await this.#newest?.catch(() => undefined);
    const isYoung = newest !== undefined && this.#environment.now() - newest.madeAt < this.#limits.batchShareMs;
    if (isYoung && newest.holders > 0 && !newest.lost.signal.aborted && !newest.readers.has(shard)) {
      return this.#hold(newest, shard);
    }
    this.#newest = this.#make(signal);
    return this.#hold(await this.#newest, shard);
  }

  /** A snapshot of now. */
  async own(signal: AbortSignal): Promise<SharedBatch> {
    return this.#hold(await this.#make(signal), '');
  }

  #hold(holding: Holding, shard: string): SharedBatch {
    holding.holders += 1;
    holding.readers.add(shard);
    let released = false;
    return {
      id: holding.id,
      lastTick: holding.lastTick,
      lost: holding.lost.signal,
      confirm: (signal) => this.#renew(holding.id, signal),
      release: async () => {
        if (released) return;
        released = true;
        holding.holders -= 1;
        if (holding.holders === 0) await this.#end(holding);
      },
    };
  }

  async #make(signal: AbortSignal): Promise<Holding> {
    const { id, lastTick } = await this.#server.json<{ id: string; lastTick: Tick }>({
      method: 'POST',
      path: '/_api/replication/batch',
      query: { syncerId: this.#syncerId, clientInfo: 'arangosync' },
      body: { ttl: this.#limits.batchTtlSeconds },
      signal,
    });
    await this.#server.json({ method: 'GET', path: '/_api/wal/lastTick', signal });
    const [lost, ended] = [new AbortController(), new AbortController()];
    const holding = {
      id,
      lastTick,
      madeAt: this.#environment.now(),
      lost,
      ended,
      readers: new Set<string>(),
      holders: 0,
    };
    void this.#keepAlive(holding);
    return holding;
  }

  async #renew(id: string, signal: AbortSignal): Promise<void> {
    const request = {
      method: 'PUT',
      path: `/_api/replication/batch/${id}`,
      query: { syncerId: this.#syncerId, clientInfo: 'arangosync' },
      body: { ttl: this.#limits.batchTtlSeconds },
      repeatable: true,
      signal,
    } as const;
    throwIfError(request, await this.#server.request(request));
  }

  async #keepAlive({ id, lost, ended }: Holding): Promise<void> {
    const everyMs = (this.#limits.batchTtlSeconds * 1000) / 3;
    try {
      for (;;) {
        await pause(this.#environment, everyMs, ended.signal);
        await this.#renew(id, ended.signal);
      }
    } catch (error) {
      if (ended.signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      lost.abort(new StreamBroken('snapshot-lost', `the snapshot of ${this.#server.name} was lost: ${why}`));
    }
  }

  /** A snapshot that cannot be deleted ends by its time to live. */
  async #end({ id, ended }: Holding): Promise<void> {
    ended.abort();
    const path = `/_api/replication/batch/${id}`;
    try {
      await this.#server.request({ method: 'DELETE', path, repeatable: true });
    } catch (error) {
      this.#environment.log.warn('a snapshot was left to its time-out', { server: this.#server.name, error });
    }
  }
}
