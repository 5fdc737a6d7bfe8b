import type { Environment, JsonObject } from './types.ts';

/** A client that does not ask again is forgotten (6.6, as up to 3.9). */
export const CLIENT_TTL_S = 7200;

export interface ClientIdentity {
  /** A non-zero decimal integer; identifies the client when given. */
  readonly syncerId: string | undefined;
  /** Used when there is no syncerId. */
  readonly serverId: string | undefined;
  readonly clientInfo: string | undefined;
}

interface TrackedClient {
  readonly syncerId: string;
  readonly serverId: string;
  readonly clientInfo: string;
  readonly seenAt: number;
  readonly expiresAt: number;
  readonly lastServedTick: number;
}

/** Who reads the log of this server, and up to where: the log is kept behind that (6.6). Memory only. */
export class ReplicationClients {
  readonly #environment: Environment;
  readonly #lifetimeSeconds: number;
  readonly #byDatabase = new Map<string, Map<string, TrackedClient>>();

  constructor(environment: Environment, lifetimeSeconds: number = CLIENT_TTL_S) {
    this.#environment = environment;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** Notes a contact. Tick 0 moves nothing; a client without a proper id is not tracked. */
  track(
    databases: readonly string[],
    client: ClientIdentity,
    tick: number,
    ttlSeconds: number = this.#lifetimeSeconds,
  ): void {
    const id = identityOf(client);
    if (id === undefined) return;
    const now = this.#environment.now();
    for (const database of databases) {
      const clients = this.#clientsOf(database);
      const known = clients.get(id);
      clients.set(id, {
        syncerId: client.syncerId ?? '',
        serverId: client.syncerId === undefined ? (client.serverId ?? '') : '',
        clientInfo: client.clientInfo ?? known?.clientInfo ?? '',
        seenAt: now,
        expiresAt: now + ttlSeconds * 1000,
        lastServedTick: tick > 0 ? tick : (known?.lastServedTick ?? 0),
      });
    }
  }

  untrack(databases: readonly string[], client: ClientIdentity): void {
    const id = identityOf(client);
    if (id === undefined) return;
    for (const database of databases) this.#clientsOf(database).delete(id);
  }

  /** As logger-state tells them (5.7). */
  describe(database: string): JsonObject[] {
    this.#expire();
    return [...this.#clientsOf(database).values()].map((client) => ({
      syncerId: client.syncerId,
      serverId: client.serverId,
      ...(client.clientInfo === '' ? {} : { clientInfo: client.clientInfo }),
      time: timeText(client.seenAt),
      expires: timeText(client.expiresAt),
      lastServedTick: String(client.lastServedTick),
    }));
  }

  /** The smallest tick that a tracked client was served; Infinity when nobody reads. */
  lowestTick(): number {
    this.#expire();
    let lowest = Number.POSITIVE_INFINITY;
    for (const clients of this.#byDatabase.values()) {
      for (const { lastServedTick } of clients.values()) {
        if (lastServedTick > 0 && lastServedTick < lowest) lowest = lastServedTick;
      }
    }
    return lowest;
  }

  clear(): void {
    this.#byDatabase.clear();
  }

  #expire(): void {
    const now = this.#environment.now();
    for (const clients of this.#byDatabase.values()) {
      for (const [id, client] of clients) if (client.expiresAt < now) clients.delete(id);
    }
  }

  #clientsOf(database: string): Map<string, TrackedClient> {
    let clients = this.#byDatabase.get(database);
    if (clients === undefined) {
      clients = new Map();
      this.#byDatabase.set(database, clients);
    }
    return clients;
  }
}

/** RFC 3339, whole seconds, as the server prints times. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function identityOf(client: ClientIdentity): string | undefined {
  if (client.syncerId !== undefined) return `syncer ${client.syncerId}`;
  const { serverId } = client;
  return serverId !== undefined && /^[1-9][0-9]*$/.test(serverId) ? `server ${serverId}` : undefined;
}
