import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import { isSameStart, lookAtStart, type ServerStart } from '../server-start.ts';
import { leaderOf } from './stored-revision.ts';

const SYNC_TIMEOUT_MS = 10_000;
/** All attempts at a first look together. */
const MEET_TIMEOUT_MS = 60_000;

/** What one look at the target's servers brought. */
export interface Sighting {
  /** Servers that made their logs durable and have not started anew since the look before. */
  readonly synced: ReadonlySet<string>;
  /** Servers that have. */
  readonly rebooted: ReadonlySet<string>;
}

/**
 * Knows when a server of the target started anew (S6): writes that it had acknowledged and not synced may be lost then.
 * Looked at after the sync, so that an unchanged start proves that everything before the sync is durable.
 */
export class ServerWatch {
  readonly #deployment: ArangoDeployment;
  readonly #now: () => number;
  readonly #known = new Map<string, ServerStart>();
  /** First looks that are under way: thousands of shards ask for the same. */
  readonly #meeting = new Map<string, Promise<ServerStart>>();

  constructor(deployment: ArangoDeployment, now: () => number) {
    this.#deployment = deployment;
    this.#now = now;
  }

  /** The start of a server that we know, from before the first write to it. */
  async meet(serverId: string, signal: AbortSignal): Promise<ServerStart> {
    const known = this.#known.get(serverId);
    if (known !== undefined) return known;
    const meeting = this.#meeting.get(serverId) ?? this.#meet(serverId);
    const start = await meeting;
    signal.throwIfAborted();
    return start;
  }

  /** None of those who wait may call it off; its time-out ends it. */
  #meet(serverId: string): Promise<ServerStart> {
    const look = async () => {
      const start = await this.#look(await this.#server(serverId), AbortSignal.timeout(MEET_TIMEOUT_MS));
      const first = this.#known.get(serverId) ?? start;
      this.#known.set(serverId, first);
      return first;
    };
    const meeting = look().finally(() => this.#meeting.delete(serverId));
    this.#meeting.set(serverId, meeting);
    return meeting;
  }

  /** Syncs the logs of all servers that answer: a shard's leader may have moved since we asked who leads it. */
  async syncAll(signal: AbortSignal): Promise<Sighting> {
    const servers = await this.#deployment.dbServers(signal);
    const synced = new Set<string>();
    const rebooted = new Set<string>();
    await Promise.all(
      servers.map(async ({ id }) => {
        const outcome = await this.#sync(id, signal).catch(() => {
          signal.throwIfAborted();
          return 'silent' as const;
        });
        if (outcome === 'synced') synced.add(id);
        if (outcome === 'rebooted') rebooted.add(id);
      }),
    );
    return { synced, rebooted };
  }

  async #sync(id: string, signal: AbortSignal): Promise<'synced' | 'rebooted'> {
    const server = await this.#server(id);
    // Makes the log durable before it answers (reference 6.1).
    await server.json({ method: 'GET', path: '/_api/wal/lastTick', timeoutMs: SYNC_TIMEOUT_MS, signal });
    const before = this.#known.get(id);
    const now = await this.#look(server, signal);
    this.#known.set(id, now);
    return before === undefined || isSameStart(before, now) ? 'synced' : 'rebooted';
  }

  #server(id: string): Promise<ArangoServer> {
    return leaderOf(this.#deployment, { leader: id });
  }

  #look(server: ArangoServer, signal: AbortSignal): Promise<ServerStart> {
    return lookAtStart(server, this.#now, { timeoutMs: SYNC_TIMEOUT_MS, signal });
  }
}
