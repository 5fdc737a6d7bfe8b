import type { ArangoServer } from '../replication/arango.ts';
import type { Clock } from './clock.ts';

/** The servers' clock is compared with ours so often. */
const compareEveryMs = 30_000;

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
  /** What has to be added to our time to get the servers'. */
  #offsetMs: number | undefined;
  #comparedAtMs = -Infinity;

  constructor(front: ArangoServer, issuer: ClusterTokenIssuer, clock: Clock, leaseMs: number) {
    this.#front = front;
    this.#issuer = issuer;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** A token that ends before a lease which is renewed now. Throws when the servers' time cannot be read. */
  async forOneLease(signal: AbortSignal): Promise<string> {
    const offsetMs = await this.#offset(signal);
    const nowS = (this.#clock.now().getTime() + offsetMs) / 1_000;
    return this.#issuer.issue(Math.floor(nowS), Math.floor(nowS + this.#leaseMs / 1_000));
  }

  async #offset(signal: AbortSignal): Promise<number> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#offsetMs !== undefined && nowMs - this.#comparedAtMs < compareEveryMs) return this.#offsetMs;
    const { time } = await this.#front.json<{ time: number }>({ method: 'GET', path: '/_admin/time', signal });
    // The answer took its time: rather too early an end than too late.
    this.#offsetMs = time * 1_000 - this.#clock.now().getTime();
    this.#comparedAtMs = nowMs;
    return this.#offsetMs;
  }
}
