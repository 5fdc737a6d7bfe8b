import type { Environment } from './environment.ts';
import type { ShardStream } from './shard-stream.ts';
import type { StructureWatch } from './structure-watch.ts';
import type { Topology } from './topology.ts';

/**
 * Sends the source's structure on one opening of an inventory channel: at once, whenever it changed, once more after
 * each change, because the target drops nothing before two inventories agree (S1), and when asked by `verify`.
 */
export class InventorySender {
  readonly stream: ShardStream;
  readonly #watch: StructureWatch;
  readonly #environment: Environment;
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;
  readonly #unfollowUsers: () => void;
  #sent: string | undefined;
  #confirmed = false;
  /** Waits for credit. */
  #waiting: Topology | undefined;

  constructor(stream: ShardStream, watch: StructureWatch, environment: Environment) {
    this.stream = stream;
    this.#watch = watch;
    this.#environment = environment;
    this.#unfollowUsers = watch.followUsers();
    this.#unlisten = watch.listen((topology) => this.#took(topology));
    this.verify();
  }

  acknowledge(seq: number): void {
    this.stream.acknowledge(seq, undefined);
    const waiting = this.#waiting;
    if (waiting !== undefined) this.#send(waiting);
  }

  /** The receiver wants the structure as it is now. */
  verify(): void {
    this.#sent = undefined;
    this.#confirmed = false;
    // The watch polls on: what it takes next is sent.
    this.#watch.refresh(this.#stop.signal).catch((error: unknown) => this.#cannotRead(error));
  }

  /** As {@link verify}, for a check: once, and nothing follows from it that would not have come anyway. */
  tell(): void {
    const { signal } = this.#stop;
    this.#watch
      .refresh(signal)
      .then((topology) => (signal.aborted ? undefined : this.#send(topology)))
      .catch((error: unknown) => this.#cannotRead(error));
  }

  #cannotRead(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#environment.log.warn('the structure of the source cannot be read', { reason });
  }

  /** Sends nothing more; the stream is its owner's to end. */
  end(): void {
    this.#stop.abort(new Error('the stream was closed'));
    this.#unlisten();
    this.#unfollowUsers();
  }

  #took(topology: Topology): void {
    if (topology.fingerprint !== this.#sent) {
      this.#confirmed = false;
      this.#send(topology);
    } else if (!this.#confirmed && this.#waiting === undefined) {
      this.#confirmed = true;
      this.#send(topology);
    }
  }

  #send(topology: Topology): void {
    this.#sent = topology.fingerprint;
    this.#waiting = this.stream.isOverdrawn ? topology : undefined;
    if (this.#waiting !== undefined) return;
    this.stream.inventory(Buffer.from(JSON.stringify(topology.inventory)), this.#environment.now());
  }
}
