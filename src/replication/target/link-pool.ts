import type { ReceiverLink } from '../queue.ts';
import { CatchUpMemory } from './catch-up-memory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream } from './failures.ts';
import { LinkSession } from './link-session.ts';

/** How long an answer about routes is used; a channel that is missing in it asks again after that. */
const ROUTES_FRESH_MS = 1_000;

export interface LinkSources {
  /** Opens a link to a source worker. */
  readonly connect: (workerId: string) => Promise<ReceiverLink>;
  /** Which source worker holds which channel. */
  readonly routes: () => Promise<ReadonlyMap<string, string>>;
}

/** The links of a target worker: one per source worker, opened when a shard needs it, forgotten when it ends. */
export class LinkPool {
  readonly #sources: LinkSources;
  readonly #environment: Environment;
  readonly #limits: TargetLimits;
  readonly #catchUps: CatchUpMemory;
  readonly #signal: AbortSignal;
  readonly #links = new Map<string, Promise<LinkSession>>();
  #routes: { readonly at: number; readonly answer: Promise<ReadonlyMap<string, string>> } | undefined;

  constructor(sources: LinkSources, environment: Environment, limits: TargetLimits, signal: AbortSignal) {
    this.#sources = sources;
    this.#environment = environment;
    this.#limits = limits;
    this.#catchUps = new CatchUpMemory(limits.copiesAtOnce * limits.shardCreditBytes);
    this.#signal = signal;
  }

  /** The link on which a channel is served. Throws {@link ReopenStream} while nobody holds the channel. */
  async linkFor(channel: string): Promise<LinkSession> {
    try {
      return await this.#linkFor(channel);
    } catch (error) {
      if (error instanceof ReopenStream) throw error;
      throw new ReopenStream(`the source cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #linkFor(channel: string): Promise<LinkSession> {
    const workerId = (await this.#askRoutes()).get(channel);
    if (workerId === undefined) {
      throw new ReopenStream('no worker of the source holds the channel yet', { afterMs: ROUTES_FRESH_MS });
    }
    const known = this.#links.get(workerId);
    if (known !== undefined) return known;
    const opening = this.#connect(workerId);
    this.#links.set(workerId, opening);
    opening.catch(() => this.#forget(workerId, opening));
    return opening;
  }

  async #connect(workerId: string): Promise<LinkSession> {
    const link = await this.#sources.connect(workerId);
    const bytesMax = () => this.#limits.frameBytes / Math.max(1, this.#links.size);
    const memory = { bytesMax, catchUps: this.#catchUps };
    const session = new LinkSession(workerId, link, this.#environment, memory);
    void this.#serve(workerId, session);
    return session;
  }

  async #serve(workerId: string, session: LinkSession): Promise<void> {
    const opening = this.#links.get(workerId);
    try {
      await session.run(this.#signal);
    } catch (error) {
      if (!this.#signal.aborted) this.#environment.log.warn('a link to the source broke', { workerId, error });
    }
    if (opening !== undefined) this.#forget(workerId, opening);
    this.#routes = undefined;
  }

  #forget(workerId: string, opening: Promise<LinkSession>): void {
    if (this.#links.get(workerId) === opening) this.#links.delete(workerId);
  }

  #askRoutes(): Promise<ReadonlyMap<string, string>> {
    if (this.#routes === undefined || this.#age(this.#routes.at) >= ROUTES_FRESH_MS) {
      const answer = this.#sources.routes();
      const asked = { at: this.#environment.now(), answer };
      this.#routes = asked;
      answer.catch(() => {
        if (this.#routes === asked) this.#routes = undefined;
      });
    }
    return this.#routes.answer;
  }

  #age(at: number): number {
    return this.#environment.now() - at;
  }
}
