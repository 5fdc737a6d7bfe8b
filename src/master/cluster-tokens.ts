import type { ArangoServer } from '../replication/arango.ts';
import type { Clock } from './clock.ts';

/** The servers' clock is compared with ours so often. */
const compareEveryMs = 30_000;
/** Clocks that drift apart by more than this have jumped, or one stood still: what was compared means nothing any more. */
const jumpMsMin = 250;

/** Superuser tokens of the deployment. Adapter: `adapters/arangodb/jwt.ts`. */
export interface ClusterTokenIssuer {
  /** Times are seconds since 1970, by the servers' clock. `''` for a deployment without authentication. */
  issue(issuedAtS: number, expiresAtS: number): string;
}

/**
 * What workers get instead of the cluster's secret: tokens that end with their lease, in the servers' own time (S4). A
 * worker that was frozen, or a request that was on its way for too long, is refused by the servers themselves. Monotonic
 * clocks can stand still while a machine sleeps; this end does not.
 */
export class ClusterTokens {
  readonly #front: ArangoServer;
  readonly #issuer: ClusterTokenIssuer;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** The servers' time, and ours by both clocks when it was told. */
  #compared: { readonly serverMs: number; readonly wallMs: number; readonly monotonicMs: number } | undefined;

  constructor(front: ArangoServer, issuer: ClusterTokenIssuer, clock: Clock, leaseMs: number) {
    this.#front = front;
    this.#issuer = issuer;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** A token that ends before a lease which is renewed now. Throws when the servers' time cannot be read. */
  async forOneLease(signal: AbortSignal): Promise<string> {
    const renewedMs = this.#clock.monotonicMs();
    const nowMs = await this.#serverMs(signal);
    // Comparing takes its time, and the lease has run since it was renewed.
    const waitedMs = this.#clock.monotonicMs() - renewedMs;
    const endMs = nowMs - waitedMs + this.#leaseMs;
    return this.#issuer.issue(Math.floor(nowMs / 1_000), Math.floor(endMs / 1_000));
  }

  /** The servers' time now, by what our clocks have counted since it was told. */
  async #serverMs(signal: AbortSignal): Promise<number> {
    const known = this.#sinceCompared();
    if (known !== undefined) return known;
    const { time } = await this.#front.json<{ time: number }>({ method: 'GET', path: '/_admin/time', signal });
    // The answer took its time: rather too early an end than too late.
    this.#compared = {
      serverMs: time * 1_000,
      wallMs: this.#clock.now().getTime(),
      monotonicMs: this.#clock.monotonicMs(),
    };
    return this.#compared.serverMs;
  }

  /** Undefined when it has to be compared (again): the wall clock jumps, the other one stands still in a machine's sleep. */
  #sinceCompared(): number | undefined {
    if (this.#compared === undefined) return undefined;
    const { serverMs, wallMs, monotonicMs } = this.#compared;
    const passedMs = this.#clock.monotonicMs() - monotonicMs;
    const byWallMs = this.#clock.now().getTime() - wallMs;
    if (passedMs >= compareEveryMs || Math.abs(byWallMs - passedMs) > jumpMsMin) return undefined;
    return serverMs + passedMs;
  }
}
