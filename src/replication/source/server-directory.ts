import { UNINTERRUPTED } from './environment.ts';
import { MarkerCollection } from './marker-collection.ts';
import { SourceServer, type SourceServerOptions } from './source-server.ts';

interface Known {
  readonly server: SourceServer;
  readonly stop: AbortController;
  readonly working: Promise<unknown>;
}

/** The DB-Servers of the source that somebody reads from, each known once. */
export class ServerDirectory {
  readonly #options: SourceServerOptions;
  readonly #known = new Map<string, Known>();
  readonly #finding = new Map<string, Promise<SourceServer>>();
  readonly #replaced: Known[] = [];

  constructor(options: Omit<SourceServerOptions, 'markerCollection'>) {
    const markerCollection = new MarkerCollection(options.deployment, options.environment);
    this.#options = { ...options, markerCollection };
  }

  /** Finds out who answers for an id now; those who ask at the same time ask once. */
  find(id: string): Promise<SourceServer> {
    const finding = this.#finding.get(id) ?? this.#find(id).finally(() => this.#finding.delete(id));
    this.#finding.set(id, finding);
    return finding;
  }

  /** Ends what keeps the servers' logs, and writes markers into them. */
  async stop(): Promise<void> {
    const all = [...this.#known.values(), ...this.#replaced];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ working }) => working));
  }

  async #find(id: string): Promise<SourceServer> {
    const found = await SourceServer.identify(id, this.#options, UNINTERRUPTED);
    const known = this.#known.get(id);
    if (known?.server.isSame(found) === true) return known.server;
    // Its readers notice by themselves that it is another one; what they pinned is theirs until they end.
    if (known !== undefined) this.#replaced.push(known);
    const stop = new AbortController();
    const working = Promise.all([found.pin.run(stop.signal), found.markers.run(stop.signal)]);
    this.#known.set(id, { server: found, stop, working });
    return found;
  }
}
