import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import { leaderOf } from './stored-revision.ts';

/** How far the start of a server, computed from its uptime, may differ between two answers. */
const START_TOLERANCE_MS = 5_000;
const SYNC_TIMEOUT_MS = 10_000;

/** What changes when a server starts anew (reference 2.4): its reboot id, else the time of its start. */
interface Incarnation {
  readonly rebootId: string | undefined;
  readonly startedAtMs: number | undefined;
}

interface StatusAnswer {
  readonly pid?: number;
  readonly serverInfo?: { readonly rebootId?: number; readonly persistedId?: string };
}

/** What one look at the target's servers brought. */
export interface Sighting {
  /** Servers that made their logs durable and have not started anew since the look before. */
  readonly synced: ReadonlySet<string>;
  /** Servers that have. */
  readonly rebooted: ReadonlySet<string>;
}

/**
 * Knows when a server of the target started anew (S6): writes that it had acknowledged and not synced may be lost then.
 * Looked at after the sync, so that an unchanged incarnation proves that everything before the sync is durable.
 */
export class ServerWatch {
  readonly #deployment: ArangoDeployment;
  readonly #now: () => number;
  readonly #known = new Map<string, Incarnation>();

  constructor(deployment: ArangoDeployment, now: () => number) {
    this.#deployment = deployment;
    this.#now = now;
  }

  /** Makes sure that the incarnation of a server is known from before the first write to it. */
  async meet(serverId: string, signal: AbortSignal): Promise<void> {
    if (this.#known.has(serverId)) return;
    const incarnation = await this.#look(await this.#server(serverId), signal);
    if (!this.#known.has(serverId)) this.#known.set(serverId, incarnation);
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
    return before === undefined || same(before, now) ? 'synced' : 'rebooted';
  }

  #server(id: string): Promise<ArangoServer> {
    return leaderOf(this.#deployment, { leader: id });
  }

  async #look(server: ArangoServer, signal: AbortSignal): Promise<Incarnation> {
    const options = { method: 'GET', timeoutMs: SYNC_TIMEOUT_MS, signal } as const;
    const { pid, serverInfo } = await server.json<StatusAnswer>({ ...options, path: '/_admin/status' });
    if (serverInfo?.rebootId !== undefined) {
      return { rebootId: `${serverInfo.persistedId ?? ''}/${serverInfo.rebootId}`, startedAtMs: undefined };
    }
    const answer = await server.request({ ...options, path: '/_admin/statistics' });
    return { rebootId: `pid ${pid}`, startedAtMs: this.#startOf(answer.status, answer.body) };
  }

  /** A single server has no reboot id; in a container its process id is always the same. */
  #startOf(status: number, body: Buffer): number | undefined {
    if (status !== 200) return undefined;
    const uptime = /"uptime":([0-9.eE+-]+)/.exec(body.toString('utf8'))?.[1];
    return uptime === undefined ? undefined : this.#now() - Number(uptime) * 1000;
  }
}

function same(a: Incarnation, b: Incarnation): boolean {
  if (a.rebootId !== b.rebootId) return false;
  if (a.startedAtMs === undefined || b.startedAtMs === undefined) return true;
  return Math.abs(a.startedAtMs - b.startedAtMs) < START_TOLERANCE_MS;
}
