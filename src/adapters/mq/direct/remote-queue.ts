import type { ReceiverLink } from '../../../replication/queue.ts';
import { QueueRoutes } from '../../../wire/queue-link.ts';
import type { RemoteQueue } from '../../../wire/worker.ts';
import type { Clock } from '../../../worker/clock.ts';
import { newUlid } from '../../crypto/new-ulid.ts';
import { DirectLink, type LinkPacking } from './direct-link.ts';
import { RETRY_MS_MAX, SILENCE_MS_MAX } from './limits.ts';
import { RemoteHttp } from './remote-http.ts';

/** Times that tests shorten. */
export interface LinkTiming {
  readonly giveUpMs: number;
  readonly silenceMs: number;
  /** How long each poll is held. Default: from `FIRST_POLL_HOLD_MS` to `POLL_HOLD_MS_MAX`, twice as long each time. */
  readonly holdMs?: number;
}

const defaultTiming: LinkTiming = { giveUpMs: RETRY_MS_MAX, silenceMs: SILENCE_MS_MAX };

export interface RemoteQueueOptions {
  /** How the source is reached; asked before every request, since the leader renews the token. */
  readonly remote: () => RemoteQueue;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
  readonly timing?: LinkTiming;
  readonly packing?: LinkPacking;
}

type Routes = NonNullable<QueueRoutes['routes']>;

/** The direct queue of one source, as a target worker uses it: where channels are, and links to the workers there. */
export class DirectRemoteQueue {
  readonly #options: RemoteQueueOptions;
  readonly #timing: LinkTiming;
  readonly #masters: RemoteHttp;
  readonly #publicWorkers = new Map<string, RemoteHttp>();
  readonly #links = new Set<DirectLink>();
  #known: { readonly version: string; readonly routes: Routes; readonly workerCa: string | undefined } | undefined;

  constructor(options: RemoteQueueOptions) {
    this.#options = options;
    this.#timing = options.timing ?? defaultTiming;
    this.#masters = new RemoteHttp(options.remote, this.#timing.silenceMs);
  }

  /** Which worker holds each channel of the target, by data channel. Cheap when nothing changed. Throws when no master answers. */
  async routes(target: string, signal: AbortSignal): Promise<Routes> {
    const query = new URLSearchParams({ target });
    if (this.#known !== undefined) query.set('version', this.#known.version);
    const path = `/_api/mq/direct/routes?${query}`;
    const { value } = await this.#masters.json({ method: 'GET', path, signal });
    const answer = QueueRoutes.parse(value);
    if (answer.routes !== undefined) {
      this.#known = { version: answer.version, routes: answer.routes, workerCa: answer.workerCaCertificate };
    } else if (this.#known?.version !== answer.version) {
      this.#known = undefined;
      throw new Error('the source answered that its routes are unchanged, under a version that was not asked about');
    }
    return this.#known.routes;
  }

  /** Opens a link to a worker of the source: directly where its route has a public endpoint, else through the masters. */
  async connect(workerId: string, signal: AbortSignal): Promise<ReceiverLink> {
    const publicEndpoint = Object.values(this.#known?.routes ?? {}).find(
      (route) => route.workerId === workerId,
    )?.publicEndpoint;
    const session = newUlid();
    const { packing } = this.#options;
    const link = await DirectLink.open(
      {
        ...(publicEndpoint === undefined
          ? { http: this.#masters, path: `/_api/mq/direct/worker/${encodeURIComponent(workerId)}/link/${session}` }
          : { http: this.#publicWorker(publicEndpoint), path: `/_api/mq/direct/link/${session}` }),
        clock: this.#options.clock,
        onTrouble: this.#options.onTrouble,
        giveUpMs: this.#timing.giveUpMs,
        ...(packing === undefined ? {} : { packing }),
        ...(this.#timing.holdMs === undefined ? {} : { holdMs: this.#timing.holdMs }),
      },
      signal,
    );
    this.#links.add(link);
    link.closed.addEventListener('abort', () => void this.#forget(link), { once: true });
    return link;
  }

  /** Closes all links, tells the other side, and drops the connections. */
  async stop(): Promise<void> {
    const links = [...this.#links];
    for (const link of links) link.close();
    await Promise.all(links.map((link) => link.finished));
    await Promise.all([this.#masters, ...this.#publicWorkers.values()].map((http) => http.close()));
  }

  async #forget(link: DirectLink): Promise<void> {
    await link.finished;
    this.#links.delete(link);
  }

  /** A worker dialled by itself is verified against the source's worker CA, as its masters do. */
  #publicWorker(endpoint: string): RemoteHttp {
    const known = this.#publicWorkers.get(endpoint);
    if (known !== undefined) return known;
    const remote = () => ({
      endpoints: [endpoint],
      caCertificate: this.#known?.workerCa ?? this.#options.remote().caCertificate,
      token: this.#options.remote().token,
    });
    const http = new RemoteHttp(remote, this.#timing.silenceMs);
    this.#publicWorkers.set(endpoint, http);
    return http;
  }
}
