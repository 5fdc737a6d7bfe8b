import type { ArangoDeployment } from '../arango.ts';
import { Doorbell } from './doorbell.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { MARKER_COLLECTION, type MarkerCollection, type MarkerPlace } from './marker-collection.ts';

/** Markers remembered: those of the last minutes. */
const SENT_MAX = 256;
/** Another writer that was not seen for so many intervals has ended. */
const OTHERS_GONE_AFTER = 5;
/** A marker that is in nobody's log after so many intervals has probably gone into another server's. */
const MISSED_AFTER = 5;
/** After a failure the next marker is tried later, so many intervals at most. */
const BACK_OFF_MAX = 60;

/** A marker of ours, by this worker's clock, ms since 1970. */
export interface SentMarker {
  readonly number: number;
  /** Before it was sent. */
  readonly at: number;
  /** When the source had acknowledged it; undefined while that is not known. */
  acknowledgedAt: number | undefined;
}

export interface LagMarkersParts {
  readonly deployment: ArangoDeployment;
  readonly collection: MarkerCollection;
  /** The server whose log the markers are to come into. */
  readonly dbServer: string;
  /** Names this worker over its restarts: its marker takes the place of the one before. */
  readonly worker: string;
  readonly environment: Environment;
  readonly limits: SourceLimits;
}

/**
 * Writes a small document into one DB-Server's log about once a second while somebody follows that log. It goes the way of
 * every write, through a coordinator to the shard's leader; whoever meets it in the log knows that everything is behind
 * it that the server acknowledged before the marker was sent. Several workers that read one server take turns.
 *
 * Nothing is written while the source is read-only: behind a barrier no write is ours either (S8), and a middle of a chain
 * belongs to its own source. Then, as wherever a marker cannot be written, the end of the log alone tells the time.
 */
export class LagMarkers {
  readonly #parts: LagMarkersParts;
  readonly #bell = new Doorbell();
  readonly #followers = new Set<object>();
  /** When other writers' markers were met in the log. */
  readonly #others = new Map<string, number>();
  #sent: SentMarker[] = [];
  #number = 0;
  /** Up to this number markers may be anywhere. */
  #voidUpTo = 0;
  #seenNumber = 0;
  #place: MarkerPlace | undefined;
  #failures = 0;
  #lookedAt = -Infinity;
  /** Names this start of the worker: nobody else writes under it. */
  readonly #writer: string;

  constructor(parts: LagMarkersParts) {
    this.#parts = parts;
    this.#writer = `${parts.worker}-${parts.environment.now()}`;
  }

  /** How the log names the markers' collection; undefined while none is written. */
  get shardKey(): string | undefined {
    return this.#place?.shardKey;
  }

  /** Number of the newest marker; whatever log position somebody begins at now, later ones lie behind it. */
  get newest(): number {
    return this.#number;
  }

  follow(reader: object): void {
    if (this.#followers.has(reader)) return;
    this.#followers.add(reader);
    this.#bell.ring();
  }

  unfollow(reader: object): void {
    this.#followers.delete(reader);
  }

  /** An operation on the markers' shard was met in the log: which of ours it is. */
  met(operation: Buffer): SentMarker | undefined {
    const { writer, number } = markerIn(operation);
    if (writer !== this.#writer) {
      if (writer !== undefined) this.#others.set(writer, this.#parts.environment.now());
      return undefined;
    }
    this.#seenNumber = Math.max(this.#seenNumber, number);
    return this.#sent.find((sent) => sent.number === number);
  }

  /** The oldest marker behind number `after` that was acknowledged before a moment, and so was in the log then. */
  oldestBehind(after: number, before: number): SentMarker | undefined {
    const from = Math.max(after, this.#voidUpTo);
    return this.#sent.find(
      ({ number, acknowledgedAt }) => number > from && acknowledgedAt !== undefined && acknowledgedAt < before,
    );
  }

  /** Writes until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, limits } = this.#parts;
    if (limits.markerEveryMs === 0) return;
    while (!signal.aborted) {
      try {
        while (this.#followers.size === 0) await this.#bell.wait(signal);
        await this.#write(signal);
        this.#fine();
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
      }
      await environment.sleep(this.#pauseMs(), signal).catch(() => undefined);
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { front } = this.#parts.deployment;
    const { mode } = await front.json<{ mode: string }>({ method: 'GET', path: '/_admin/server/mode', signal });
    if (mode !== 'default') return;
    const { key } = await this.#placeNow(signal);
    this.#number += 1;
    const { environment } = this.#parts;
    const marker: SentMarker = { number: this.#number, at: environment.now(), acknowledgedAt: undefined };
    this.#sent.push(marker);
    if (this.#sent.length > SENT_MAX) this.#sent.shift();
    const body = { _key: key, writer: this.#writer, number: marker.number, at: marker.at };
    const path = `/_api/document/${MARKER_COLLECTION}`;
    const query = { overwriteMode: 'replace', silent: true };
    await front.json({ method: 'POST', path, query, body, signal });
    marker.acknowledgedAt = environment.now();
  }

  /** Asked anew after a failure, and when markers are missed: their shard may be led elsewhere now. */
  async #placeNow(signal: AbortSignal): Promise<MarkerPlace> {
    const { collection, dbServer, worker, environment } = this.#parts;
    if (this.#place !== undefined && !this.#isMissing()) return this.#place;
    this.#lookedAt = environment.now();
    const before = this.#place;
    this.#place = undefined;
    try {
      this.#place = await collection.placeOn(dbServer, worker, signal);
      return this.#place;
    } finally {
      // What was written elsewhere, or nobody knows where, proves nothing of this server's log.
      if (this.#place?.shardKey !== before?.shardKey) this.#voidUpTo = this.#number;
    }
  }

  /** What was acknowledged some time ago was met by nobody. */
  #isMissing(): boolean {
    const { environment, limits } = this.#parts;
    const before = environment.now() - MISSED_AFTER * limits.markerEveryMs;
    return this.#lookedAt < before && this.oldestBehind(this.#seenNumber, before) !== undefined;
  }

  #fine(): void {
    if (this.#failures > 0) this.#parts.environment.log.info('lag markers are written again', this.#fields());
    this.#failures = 0;
  }

  #failed(error: unknown): void {
    const { log } = this.#parts.environment;
    this.#failures += 1;
    // The collection may have been dropped, or its shard moved.
    this.#place = undefined;
    if (this.#failures > 1) return;
    log.warn('no lag marker can be written: lag is told by the end of the log alone', { ...this.#fields(), error });
  }

  #pauseMs(): number {
    const { environment, limits } = this.#parts;
    const every = limits.markerEveryMs;
    for (const [writer, at] of this.#others) {
      if (environment.now() - at > OTHERS_GONE_AFTER * every * (this.#others.size + 1)) this.#others.delete(writer);
    }
    const turns = this.#others.size + 1;
    return every * turns * Math.min(BACK_OFF_MAX, 2 ** this.#failures);
  }

  #fields() {
    return { server: this.#parts.dbServer, collection: MARKER_COLLECTION };
  }
}

/** Who wrote a marker, and which it is. A removal, or a document of another shape, is nobody's. */
function markerIn(operation: Buffer): { readonly writer: string | undefined; readonly number: number } {
  const nobody = { writer: undefined, number: 0 };
  if (operation[0] !== 0x2b) return nobody;
  const { writer, number } = JSON.parse(operation.toString('utf8', 1)) as Record<string, unknown>;
  return typeof writer === 'string' && typeof number === 'number' ? { writer, number } : nobody;
}
