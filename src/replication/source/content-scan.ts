import { tellDocuments } from '../shard-contents.ts';
import { documentsOf, type Operation } from '../target/lines.ts';
import type { SharedBatch } from './batches.ts';
import { isLastChunk, readChunk } from './copy-shard.ts';
import { pause } from './environment.ts';
import type { ShardSenderParts } from './sender-parts.ts';

/** Of one piece: whoever holds it against its own reads as much at once, in answers that are held in memory. */
const PIECE_DOCUMENTS = 500;
const PIECE_BYTES = 1024 * 1024;
/** A snapshot of which nobody asks more for so long is given up: it keeps the server from forgetting old versions. */
export const SCAN_IDLE_MS = 60_000;

/** What a receiver is told of a snapshot, piece by piece. */
export interface ScannedPiece {
  readonly body: Buffer;
  readonly last: boolean;
}

/** Tells all documents of a shard at one snapshot by their digests, as they are asked for. Holds one answer of the server. */
export class ContentScan {
  readonly #parts: Pick<ShardSenderParts, 'server' | 'place' | 'stream' | 'throttle' | 'limits' | 'environment'>;
  readonly #signal: AbortSignal;
  #batch: SharedBatch | undefined;
  #documents: readonly Operation[] = [];
  #isRead = true;
  #next = 0;
  #idle = new AbortController();

  constructor(parts: ShardSenderParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Pieces are asked for in order, also behind the last; 0 begins anew. Throws once the snapshot is given up. */
  async piece(piece: number): Promise<ScannedPiece> {
    try {
      return await this.#tell(piece);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #tell(piece: number): Promise<ScannedPiece> {
    this.#idle.abort();
    if (piece === 0) await this.#begin();
    if (piece !== this.#next) throw new Error('the snapshot of the shard was given up: it was not asked for in time');
    this.#next += 1;
    while (this.#documents.length === 0 && !this.#isRead) await this.#read();
    const some = firstOf(this.#documents);
    this.#documents = this.#documents.slice(some.length);
    const last = this.#documents.length === 0 && this.#isRead;
    if (last) await this.#release();
    else this.#expire();
    const body = tellDocuments(some.map(({ revision, bytes }) => ({ revision, bytes: Buffer.from(bytes) })));
    return { body, last };
  }

  /** Gives the snapshot up: nothing more is told of it. */
  close(): void {
    this.#idle.abort();
    this.#next = -1;
    this.#documents = [];
    this.#isRead = true;
    // The server forgets it by itself, should it not hear of it.
    this.#release().catch(() => undefined);
  }

  async #begin(): Promise<void> {
    await this.#release();
    this.#batch = await this.#parts.server.batches.own(this.#signal);
    this.#documents = [];
    this.#isRead = false;
    this.#next = 0;
  }

  async #read(): Promise<void> {
    const { server, place, stream, throttle, limits } = this.#parts;
    const batch = this.#batch;
    if (batch === undefined) throw new Error('the snapshot of the shard is gone');
    const how = { server: server.server, place, batch, throttle, chunkBytes: limits.copyChunkBytes };
    const answer = await readChunk(stream, how, AbortSignal.any([this.#signal, batch.lost]));
    this.#documents = documentsOf(answer.body);
    this.#isRead = isLastChunk(answer);
  }

  #expire(): void {
    const idle = new AbortController();
    this.#idle = idle;
    pause(this.#parts.environment, SCAN_IDLE_MS, AbortSignal.any([idle.signal, this.#signal])).then(
      () => this.close(),
      () => undefined,
    );
  }

  async #release(): Promise<void> {
    const batch = this.#batch;
    this.#batch = undefined;
    await batch?.release();
  }
}

/** As many as one piece takes; a larger document goes alone. */
function firstOf(documents: readonly Operation[]): readonly Operation[] {
  let bytes = 0;
  const end = documents.findIndex((document, index) => {
    bytes += document.bytes.byteLength;
    return index === PIECE_DOCUMENTS || (index > 0 && bytes > PIECE_BYTES);
  });
  return end === -1 ? documents : documents.slice(0, end);
}
