import type { SenderLink } from '../../../replication/queue.ts';
import { Throttle } from '../../../replication/throttle/throttle.ts';
import type { Clock } from '../../../worker/clock.ts';
import {
  ENDED_SESSIONS_REMEMBERED_MAX,
  HOST_BUFFER_BYTES_MAX,
  LIMITED_BUFFER_BYTES_MIN,
  LIMITED_BUFFER_MS,
  LINK_BUFFER_BYTES_MAX,
  SESSION_IDLE_MS_MAX,
  SESSIONS_MAX,
} from './limits.ts';
import { SenderSession } from './sender-session.ts';

export type OpenedSession =
  | { readonly kind: 'open'; readonly session: SenderSession }
  /** The id belonged to a link that has ended: a new link needs a new id. */
  | { readonly kind: 'ended' }
  /** The id belongs to a link of another target (S23). */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'full' };

export interface LinkHostOptions {
  /** Called once for each new link, with the end that the engine serves. */
  readonly onLink: (link: SenderLink) => void;
  readonly clock: Clock;
  /** Of what leaves over all links together; absent: there is never a limit. */
  readonly throttle?: Throttle;
}

/** The links of a source worker, by the session id that the target worker drew. */
export class LinkHost {
  readonly #sessions = new Map<string, SenderSession>();
  readonly #ended = new Set<string>();
  readonly #options: LinkHostOptions;
  readonly #stopping = new AbortController();
  readonly #throttle: Throttle;

  constructor(options: LinkHostOptions) {
    this.#options = options;
    const { clock } = options;
    const sleep = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal);
    this.#throttle = options.throttle ?? new Throttle({ now: () => clock.monotonicMs(), sleep });
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Unacknowledged bytes of all links. */
  get bufferedBytes(): number {
    return [...this.#sessions.values()].reduce((sum, session) => sum + session.bufferedBytes, 0);
  }

  /** Opens a link, or finds it open: the request may be repeated. */
  open(id: string, targetId: string): OpenedSession {
    const known = this.#sessions.get(id);
    if (known !== undefined)
      return known.targetId === targetId ? { kind: 'open', session: known } : { kind: 'foreign' };
    if (this.#ended.has(id) || this.#stopping.signal.aborted) return { kind: 'ended' };
    if (this.#sessions.size >= SESSIONS_MAX) return { kind: 'full' };
    const session = new SenderSession({
      id,
      targetId,
      clock: this.#options.clock,
      throttle: this.#throttle,
      bytesMax: () => this.#bytesMax(),
    });
    this.#sessions.set(id, session);
    session.closed.addEventListener('abort', () => this.#forget(id), { once: true });
    this.#options.onLink(session);
    return { kind: 'open', session };
  }

  /** The open link with this id, if it belongs to the target. */
  find(id: string, targetId: string): SenderSession | undefined {
    const session = this.#sessions.get(id);
    return session?.targetId === targetId ? session : undefined;
  }

  /** Closes links that nobody asked about for {@link SESSION_IDLE_MS_MAX}, until {@link stop}. */
  async expireIdle(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      for (const session of [...this.#sessions.values()]) {
        if (session.idleMs > SESSION_IDLE_MS_MAX) session.close(`nobody asked for ${SESSION_IDLE_MS_MAX / 1000} s`);
      }
      await clock.sleep(SESSION_IDLE_MS_MAX / 4, this.#stopping.signal);
    }
  }

  /** Closes all links and takes no new ones. */
  stop(reason: string): void {
    this.#stopping.abort();
    for (const session of [...this.#sessions.values()]) session.close(reason);
  }

  /** Little under a limit: what is in the buffer cannot be overtaken by the log any more. */
  #bytesMax(): number {
    const own = Math.min(LINK_BUFFER_BYTES_MAX, HOST_BUFFER_BYTES_MAX / this.#sessions.size);
    const { bytesPerS } = this.#throttle.rate;
    if (bytesPerS === undefined) return own;
    return Math.min(own, Math.max(LIMITED_BUFFER_BYTES_MIN, (bytesPerS * LIMITED_BUFFER_MS) / 1_000));
  }

  #forget(id: string): void {
    this.#sessions.delete(id);
    this.#ended.add(id);
    const [oldest] = this.#ended;
    if (this.#ended.size > ENDED_SESSIONS_REMEMBERED_MAX && oldest !== undefined) this.#ended.delete(oldest);
  }
}
