import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import type { Tick, Witness } from '../queue.ts';
import { Batches } from './batches.ts';
import { type Environment, UNINTERRUPTED } from './environment.ts';
import { Incarnation } from './incarnation.ts';
import type { SourceLimits } from './limits.ts';
import { LogPin } from './log-pin.ts';
import { syncerIdFor } from './syncer-id.ts';
import { type TailAnswer, tail } from './tail.ts';
import { findWitness, type WitnessFinding } from './witness.ts';

interface LastTick {
  readonly tick: Tick;
  readonly server: { readonly serverId: string };
}

/** Answers remembered for one incarnation of a server: thousands of shards ask the same. */
const FINDINGS_MAX = 10_000;

/** One DB-Server of the source, or the single server: who it is, and what all its shards share. */
export class SourceServer {
  readonly id: string;
  readonly server: ArangoServer;
  /** Number of its data directory. */
  readonly serverId: string;
  readonly incarnation: Incarnation;
  readonly batches: Batches;
  readonly pin: LogPin;
  readonly readerSyncerId: string;
  readonly #limits: SourceLimits;
  readonly #witnesses = new Map<string, Promise<WitnessFinding>>();
  readonly #ranges = new Map<Tick, Promise<Omit<TailAnswer, 'body'>>>();
  #cachedFor = -1;

  private constructor(
    id: string,
    server: ArangoServer,
    serverId: string,
    incarnation: Incarnation,
    options: SourceServerOptions,
  ) {
    const { seed, environment, limits } = options;
    this.id = id;
    this.server = server;
    this.serverId = serverId;
    this.incarnation = incarnation;
    this.#limits = limits;
    const pinId = syncerIdFor(seed, id, 'pin');
    this.readerSyncerId = syncerIdFor(seed, id, 'read');
    this.batches = new Batches(server, pinId, environment, limits);
    this.pin = new LogPin(server, pinId, environment, limits);
  }

  /** Finds out who answers for a DB-Server's id. Throws when somebody else does. */
  static async identify(id: string, options: SourceServerOptions, signal: AbortSignal): Promise<SourceServer> {
    const { deployment, environment, limits } = options;
    const server = await deployment.dbServer(id);
    const { server: data } = await lastTickOf(server, signal);
    if (deployment.kind === 'cluster') {
      const { id: own } = await server.json<{ id: string }>({ method: 'GET', path: '/_admin/server/id', signal });
      if (own !== id) throw new Error(`the endpoint of DB-Server ${id} is answered by ${own}`);
    }
    const incarnation = new Incarnation(
      server,
      deployment.kind === 'single',
      environment.now,
      limits.incarnationFreshMs,
    );
    await incarnation.current(signal);
    return new SourceServer(id, server, data.serverId, incarnation, options);
  }

  /** Makes the log durable and tells its newest tick. */
  async sync(signal: AbortSignal): Promise<Tick> {
    return (await lastTickOf(this.server, signal)).tick;
  }

  /** How a tail from `tick` would begin. */
  async logAt(tick: Tick, signal: AbortSignal): Promise<Omit<TailAnswer, 'body'>> {
    await this.#forgetOfBefore(signal);
    const ask = () =>
      tail(this.server, { from: tick, to: tick, lastScanned: tick, chunkBytes: 16 * 1024 }, UNINTERRUPTED).then(
        ({ lastIncluded, lastScanned, lastTick, fromPresent }) => ({
          lastIncluded,
          lastScanned,
          lastTick,
          fromPresent,
        }),
      );
    return remembered(this.#ranges, tick, ask);
  }

  /** Reads a witness back, once for each start of the server. */
  async find(witness: Witness, signal: AbortSignal): Promise<WitnessFinding> {
    await this.#forgetOfBefore(signal);
    const ask = () => findWitness(this.server, witness, this.#limits.witnessScanBytes, UNINTERRUPTED);
    return remembered(this.#witnesses, JSON.stringify(witness), ask);
  }

  async #forgetOfBefore(signal: AbortSignal): Promise<void> {
    const current = await this.incarnation.current(signal);
    if (current === this.#cachedFor) return;
    this.#cachedFor = current;
    this.#witnesses.clear();
    this.#ranges.clear();
  }
}

export interface SourceServerOptions {
  readonly deployment: ArangoDeployment;
  /** Makes the ids under which servers track us. */
  readonly seed: string;
  readonly environment: Environment;
  readonly limits: SourceLimits;
}

function lastTickOf(server: ArangoServer, signal: AbortSignal): Promise<LastTick> {
  return server.json<LastTick>({ method: 'GET', path: '/_api/wal/lastTick', signal });
}

/** A failure is not remembered. */
function remembered<T>(memory: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  if (memory.size >= FINDINGS_MAX) memory.clear();
  const answer = ask();
  memory.set(key, answer);
  answer.catch(() => memory.delete(key));
  return answer;
}
