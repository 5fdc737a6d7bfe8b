import { UNINTERRUPTED } from './environment.ts';
import { SourceServer, type SourceServerOptions } from './source-server.ts';

interface Known {
  readonly server: SourceServer;
  readonly stop: AbortController;
  readonly pinning: Promise<void>;
}

/** The DB-Servers of the source that somebody reads from, each known once. */
export class ServerDirectory {
  readonly #options: SourceServerOptions;
  readonly #known = new Map<string, Known>();
  readonly #finding = new Map<string, Promise<SourceServer>>();
  readonly #replaced: Known[] = [];

  constructor(options: SourceServerOptions) {
    this.#options = options;
  }

  /** Finds out who answers for an id now; those who ask at the same time ask once. */
  find(id: string): Promise<SourceServer> {
    const finding = this.#finding.get(id) ?? this.#find(id).finally(() => this.#finding.delete(id));
    this.#finding.set(id, finding);
    return finding;
  }

  /** Ends what keeps the servers' logs. */
  async stop(): Promise<void> {
    const all = [...this.#known.values(), ...this.#replaced];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ pinning }) => pinning));
  }

  async #find(id: string): Promise<SourceServer> {
    const found = await SourceServer.identify(id, this.#options, UNINTERRUPTED);
    const known = this.#known.get(id);
    if (known?.server.serverId === found.serverId && known.server.server === found.server) return known.server;
    // Its readers notice by themselves that it is another one; what they pinned is theirs until they end.
    if (known !== undefined) this.#replaced.push(known);
    const stop = new AbortController();
    this.#known.set(id, { server: found, stop, pinning: found.pin.run(stop.signal) });
    return found;
  }
}
