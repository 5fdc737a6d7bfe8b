import { type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { throwIfError } from './answers.ts';
import { UNINTERRUPTED } from './environment.ts';

interface Status {
  readonly pid?: unknown;
  readonly serverInfo?: { readonly persistedId?: unknown; readonly rebootId?: unknown };
}

/** Between two looks clocks may drift apart so far; a mistake costs reading a witness back. */
const DRIFT_MS_MAX = 5;

/**
 * The moment of a server's start, ms since 1970: between the two, because the answer took its time. Two starts can only be
 * mistaken for one when the server did not live longer between them than a request takes.
 */
interface BootTime {
  readonly uptimeMs: number;
  readonly earliest: number;
  readonly latest: number;
}

interface Seen {
  readonly name: string;
  /** Undefined on a cluster's servers, and where metrics are switched off. */
  readonly boot: BootTime | undefined;
}

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
  #known: Seen | undefined;
  #count = 0;
  #asking: Promise<number> | undefined;

  /** `freshMs`: how long an answer about a single server holds. */
  constructor(server: ArangoServer, isSingle: boolean, now: () => number, freshMs: number) {
    this.#server = server;
    this.#isSingle = isSingle;
    this.#now = now;
    this.#freshMs = isSingle ? freshMs : 0;
  }

  /** A number that rises with every restart that was seen; the server was asked after this call. */
  async current(signal: AbortSignal): Promise<number> {
    await this.#asking?.catch(() => undefined);
    signal.throwIfAborted();
    // One question after the other, for all who wait meanwhile: none of them may call it off.
    this.#asking ??= this.#ask(UNINTERRUPTED).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(signal: AbortSignal): Promise<number> {
    const askedAt = this.#now();
    if (this.#known !== undefined && askedAt - this.#askedAt < this.#freshMs) return this.#count;
    const seen = { name: await this.#name(signal), boot: this.#isSingle ? await this.#boot(signal) : undefined };
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

  async #boot(signal: AbortSignal): Promise<BootTime | undefined> {
    const request = { method: 'GET', path: '/_admin/metrics/v2', signal } as const;
    const before = this.#now();
    const answer = await this.#server.request(request);
    if (answer.status === 404 || answer.status === 403) return undefined;
    throwIfError(request, answer);
    const [, seconds] = UPTIME.exec(answer.body.toString('utf8')) ?? [];
    if (seconds === undefined) return undefined;
    const uptimeMs = Number(seconds) * 1000;
    return { uptimeMs, earliest: before - uptimeMs, latest: this.#now() - uptimeMs };
  }
}

const UPTIME = /^arangodb_server_statistics_server_uptime_total(?:\{[^}]*\})? ([0-9.e+-]+)$/m;

function isSame(a: Seen, b: Seen): boolean {
  if (a.name !== b.name) return false;
  if (a.boot === undefined || b.boot === undefined) return a.boot === b.boot;
  if (b.boot.uptimeMs < a.boot.uptimeMs) return false;
  return a.boot.earliest <= b.boot.latest + DRIFT_MS_MAX && b.boot.earliest <= a.boot.latest + DRIFT_MS_MAX;
}
