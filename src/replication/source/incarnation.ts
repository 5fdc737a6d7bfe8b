import { type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { throwIfError } from './answers.ts';

interface Status {
  readonly pid?: unknown;
  readonly serverInfo?: { readonly persistedId?: unknown; readonly rebootId?: unknown };
}

/** A clock that runs differently here and there must not look like a restart. */
const BOOT_TOLERANCE_MS = 2_000;

/**
 * Tells whether a server has restarted since it was asked last: after that its log may have lost its end, and the ticks
 * may name other operations (S5). A cluster's servers count their starts (`rebootId`, reference 2.4); a single server
 * tells how long it has been up.
 */
export class Incarnation {
  readonly #server: ArangoServer;
  readonly #isSingle: boolean;
  readonly #now: () => number;
  readonly #freshMs: number;
  #askedAt = -Infinity;
  #known: { readonly name: string; readonly bootAt: number | undefined } | undefined;
  #count = 0;

  /** `freshMs`: how long an answer about a single server holds. */
  constructor(server: ArangoServer, isSingle: boolean, now: () => number, freshMs: number) {
    this.#server = server;
    this.#isSingle = isSingle;
    this.#now = now;
    this.#freshMs = isSingle ? freshMs : 0;
  }

  /** A number that rises with every restart that was seen. */
  async current(signal: AbortSignal): Promise<number> {
    const askedAt = this.#now();
    if (this.#known !== undefined && askedAt - this.#askedAt < this.#freshMs) return this.#count;
    const seen = { name: await this.#name(signal), bootAt: this.#isSingle ? await this.#bootAt(signal) : undefined };
    if (this.#known !== undefined && !isSame(this.#known, seen)) this.#count += 1;
    this.#known = seen;
    this.#askedAt = askedAt;
    return this.#count;
  }

  async #name(signal: AbortSignal): Promise<string> {
    const status = await this.#server.json<Status>({ method: 'GET', path: '/_admin/status', signal });
    const { persistedId, rebootId } = status.serverInfo ?? {};
    if (rebootId === undefined && !this.#isSingle) {
      throw new ArangoUnreachable(
        `${this.#server.name} does not tell its rebootId: it is no DB-Server, or still starting`,
      );
    }
    return JSON.stringify([status.pid, persistedId, rebootId]);
  }

  /** When the server was started, ms since 1970; undefined where metrics are switched off. */
  async #bootAt(signal: AbortSignal): Promise<number | undefined> {
    const request = { method: 'GET', path: '/_admin/metrics/v2', signal } as const;
    const before = this.#now();
    const answer = await this.#server.request(request);
    if (answer.status === 404 || answer.status === 403) return undefined;
    throwIfError(request, answer);
    const [, uptime] =
      /^arangodb_server_statistics_server_uptime_total(?:\{[^}]*\})? ([0-9.e+]+)$/m.exec(
        answer.body.toString('utf8'),
      ) ?? [];
    return uptime === undefined ? undefined : before - Number(uptime) * 1000;
  }
}

function isSame(
  a: { readonly name: string; readonly bootAt: number | undefined },
  b: { readonly name: string; readonly bootAt: number | undefined },
): boolean {
  if (a.name !== b.name) return false;
  if (a.bootAt === undefined || b.bootAt === undefined) return a.bootAt === b.bootAt;
  return b.bootAt - a.bootAt < BOOT_TOLERANCE_MS;
}
