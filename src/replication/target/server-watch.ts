import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import { leaderOf } from './stored-revision.ts';

/** How far the start of a server, computed from its uptime, may differ between two answers. */
const START_TOLERANCE_MS = 5_000;
const SYNC_TIMEOUT_MS = 10_000;

/** What changes when a server starts anew (reference 2.4): its reboot id, else the time since its start. */
interface Incarnation {
  readonly id: string;
  readonly uptimeMs: number | undefined;
  readonly seenAtMs: number;
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
    const seenAtMs = this.#now();
    if (serverInfo?.rebootId !== undefined) {
      return { id: `${serverInfo.persistedId ?? ''}/${serverInfo.rebootId}`, uptimeMs: undefined, seenAtMs };
    }
    // A single server has no reboot id; in a container its process id is always the same.
    const { status, body } = await server.request({ ...options, path: '/_admin/metrics/v2' });
    return { id: `pid ${pid}`, uptimeMs: status === 200 ? uptimeIn(body.toString('utf8')) : undefined, seenAtMs };
  }
}

function uptimeIn(metrics: string): number | undefined {
  const seconds = /^arangodb_server_statistics_server_uptime_total(?:\{[^}]*\})? ([0-9.eE+-]+)/m.exec(metrics)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function same(before: Incarnation, now: Incarnation): boolean {
  if (before.id !== now.id) return false;
  if (before.uptimeMs === undefined || now.uptimeMs === undefined) return true;
  if (now.uptimeMs < before.uptimeMs) return false;
  const drift = now.seenAtMs - now.uptimeMs - (before.seenAtMs - before.uptimeMs);
  return Math.abs(drift) < START_TOLERANCE_MS;
}
