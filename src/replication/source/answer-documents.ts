import { bytesOf } from '../bytes-of.ts';
import { documentsByKey } from '../documents-by-key.ts';
import type { CheckQuestion, DocumentQuestion, LogEnd, LookQuestion } from '../queue.ts';
import { tellDocuments } from '../shard-contents.ts';
import { removalOf } from '../target/lines.ts';
import { ContentScan } from './content-scan.ts';
import { findEverywhere } from './find-everywhere.ts';
import { mayRead } from './read-throttle.ts';
import type { ShardSenderParts } from './sender-parts.ts';
import { lastTickOf } from './source-server.ts';

/** A receiver waits for answers after a few questions. */
const WAITING_MAX = 16;

export function isOfDocuments(wanted: CheckQuestion | undefined): wanted is DocumentQuestion {
  return typeof wanted === 'object' && ('scan' in wanted || 'look' in wanted);
}

/**
 * Answers what a receiver asks for a check by key and content, one question after the other, beside whatever the stream
 * does: nothing of it waits for the log, and no operation waits for it. What cannot be told ends no stream.
 */
export class DocumentAnswers {
  readonly #parts: ShardSenderParts;
  readonly #signal: AbortSignal;
  readonly #scan: ContentScan;
  #waiting = 0;
  #answered: Promise<void> = Promise.resolve();

  constructor(parts: ShardSenderParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
    this.#scan = new ContentScan(parts, signal);
  }

  /** False: too many are waiting. */
  ask(question: DocumentQuestion): boolean {
    if (this.#waiting >= WAITING_MAX) return false;
    this.#waiting += 1;
    this.#answered = this.#answered
      .then(() => this.#answer(question))
      .finally(() => {
        this.#waiting -= 1;
      });
    return true;
  }

  close(): void {
    this.#scan.close();
  }

  async #answer(question: DocumentQuestion): Promise<void> {
    const { stream, environment } = this.#parts;
    if (this.#signal.aborted) return;
    try {
      await ('scan' in question ? this.#tellPiece(question.scan) : this.#tellKeys(question));
    } catch (error) {
      if (this.#signal.aborted || !stream.isOpened) return;
      stream.untold(error instanceof Error ? error.message : String(error), environment.now());
    }
  }

  async #tellPiece(piece: number): Promise<void> {
    const { stream, environment } = this.#parts;
    const { body, last } = await this.#scan.piece(piece);
    await stream.roomy('copy', this.#signal);
    if (stream.isOpened) stream.scanned(piece, last, body, environment.now());
  }

  async #tellKeys(question: LookQuestion): Promise<void> {
    const { stream, throttle, environment } = this.#parts;
    await mayRead(stream, throttle, 'copy', this.#signal);
    const found = await this.#documents(question);
    const bytes = bytesOf(found);
    throttle.charge({ bytes, operations: found.length }, 'copy');
    // Behind the documents: whatever they show lies in the log before.
    const ends = question.ends === true ? await this.#ends(question.of) : [];
    const body = tellDocuments(found.map((document) => ({ revision: removalOf(document).revision, bytes: document })));
    await stream.roomy('copy', this.#signal);
    if (stream.isOpened) stream.looked(ends, body, environment.now());
  }

  async #documents({ look, of }: LookQuestion): Promise<readonly Buffer[]> {
    const { place, server, front, shards, environment } = this.#parts;
    const { database, collection, shard } = place;
    if (of === 'everywhere') return findEverywhere(await shards(this.#signal), look, environment, this.#signal);
    const where = of === 'shard' ? { server: server.server, collection: shard } : { server: front, collection };
    const found = await documentsByKey({ ...where, database }, look, this.#signal);
    return found.filter((document) => document !== undefined);
  }

  async #ends(of: LookQuestion['of']): Promise<LogEnd[]> {
    const { server, shards } = this.#parts;
    const places = of === 'shard' ? [] : await shards(this.#signal);
    const servers = of === 'shard' ? [server.server] : new Set(places.map((place) => place.server));
    return await Promise.all(
      [...servers].map(async (each) => {
        const { server: data, tick } = await lastTickOf(each, this.#signal);
        return { serverId: data.serverId, tick };
      }),
    );
  }
}
