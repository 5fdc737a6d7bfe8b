import { type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { isSameStart, lookAtStart, type ServerStart } from '../server-start.ts';
import { UNINTERRUPTED } from './environment.ts';

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
  #known: ServerStart | undefined;
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
    const seen = await this.#look(signal);
    if (this.#known !== undefined && !isSameStart(this.#known, seen)) this.#count += 1;
    this.#known = seen;
    this.#askedAt = askedAt;
    return this.#count;
  }

  async #look(signal: AbortSignal): Promise<ServerStart> {
    const start = await lookAtStart(this.#server, this.#now, { signal });
    if (start.isCounted || this.#isSingle) return start;
    throw new ArangoUnreachable(
      `${this.#server.name} does not tell its rebootId: it is no DB-Server, or still starting`,
    );
  }
}
