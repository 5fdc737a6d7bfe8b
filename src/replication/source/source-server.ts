import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import type { Tick, Witness } from '../queue.ts';
import { Batches } from './batches.ts';
import { type Environment, UNINTERRUPTED } from './environment.ts';
import { Incarnation } from './incarnation.ts';
import { LagMarkers } from './lag-markers.ts';
import type { SourceLimits } from './limits.ts';
import { LogPin } from './log-pin.ts';
import type { MarkerCollection } from './marker-collection.ts';
import type { RemovalRevisions } from './removal-revisions.ts';
import { syncerIdFor } from './syncer-id.ts';
import { type TailAnswer, tail } from './tail.ts';
import { findWitness, type WitnessFinding } from './witness.ts';

interface LastTick {
  readonly tick: Tick;
  readonly server: { readonly serverId: string; readonly version: string };
}

/** Answers remembered for one incarnation of a server: thousands of shards ask the same. */
const FINDINGS_MAX = 10_000;

/** One DB-Server of the source, or the single server: who it is, and what all its shards share. */
export class SourceServer {
  readonly id: string;
  readonly server: ArangoServer;
  /** Number of its data directory. */
  readonly serverId: string;
  readonly version: string;
  /** Behind this tick its log tells what removals removed: what another version wrote lies before. Undefined: it does not. */
  readonly exactRemovalsBehind: Tick | undefined;
  readonly incarnation: Incarnation;
  readonly batches: Batches;
  readonly pin: LogPin;
  readonly markers: LagMarkers;
  readonly readerSyncerId: string;
  readonly #limits: SourceLimits;
  readonly #witnesses = new Map<string, Promise<WitnessFinding>>();
  readonly #ranges = new Map<Tick, Promise<Omit<TailAnswer, 'body'>>>();
  #cachedFor = -1;
  #askingEnd: Promise<Tick> | undefined;

  private constructor(
    id: string,
    server: ArangoServer,
    about: Pick<SourceServer, 'serverId' | 'version' | 'exactRemovalsBehind'>,
    incarnation: Incarnation,
    options: SourceServerOptions,
  ) {
    const { seed, environment, limits, deployment, markerCollection: collection } = options;
    this.id = id;
    this.server = server;
    this.serverId = about.serverId;
    this.version = about.version;
    this.exactRemovalsBehind = about.exactRemovalsBehind;
    this.incarnation = incarnation;
    this.#limits = limits;
    const pinId = syncerIdFor(seed, id, 'pin');
    this.readerSyncerId = syncerIdFor(seed, id, 'read');
    this.batches = new Batches(server, pinId, environment, limits);
    this.pin = new LogPin(server, pinId, environment, limits);
    const worker = syncerIdFor(seed, id, 'mark');
    this.markers = new LagMarkers({ deployment, collection, dbServer: id, worker, environment, limits });
  }

  /** Finds out who answers for a DB-Server's id. Throws when somebody else does. */
  static async identify(id: string, options: SourceServerOptions, signal: AbortSignal): Promise<SourceServer> {
    const { deployment, environment, limits, removals } = options;
    const server = await deployment.dbServer(id);
    const { server: data, tick } = await lastTickOf(server, signal);
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
    const { serverId, version } = data;
    const exactRemovalsBehind = (await removals.areTold(version)) ? tick : undefined;
    return new SourceServer(id, server, { serverId, version, exactRemovalsBehind }, incarnation, options);
  }

  /** Whether `found` is this very server, as it is known. */
  isSame(found: SourceServer): boolean {
    const { serverId, server, version, exactRemovalsBehind } = found;
    const isAlike = this.serverId === serverId && this.server === server && this.version === version;
    return isAlike && (this.exactRemovalsBehind === undefined) === (exactRemovalsBehind === undefined);
  }

  /** Whether it is still of the version that is known; it can only have become another one by a restart. */
  async hasVersion(signal: AbortSignal): Promise<boolean> {
    return (await lastTickOf(this.server, signal)).server.version === this.version;
  }

  /** Makes the log durable and tells its newest tick. */
  async sync(signal: AbortSignal): Promise<Tick> {
    return (await lastTickOf(this.server, signal)).tick;
  }

  /** Newest tick of the log, as the server tells it after this call: one question for all who ask at the time. */
  async logEnd(signal: AbortSignal): Promise<Tick> {
    await this.#askingEnd?.catch(() => undefined);
    signal.throwIfAborted();
    this.#askingEnd ??= lastTickOf(this.server, UNINTERRUPTED)
      .then(({ tick }) => tick)
      .finally(() => {
        this.#askingEnd = undefined;
      });
    return this.#askingEnd;
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
  readonly markerCollection: MarkerCollection;
  /** Makes the ids under which servers track us. */
  readonly seed: string;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  readonly removals: RemovalRevisions;
}

/** The newest tick of a server's log, which is durable up to there then. */
export function lastTickOf(server: ArangoServer, signal: AbortSignal): Promise<LastTick> {
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
