import type { DocumentQuestion, FrameHeader, LogEnd } from '../queue.ts';
import { type ToldDocument, toldDocuments } from '../shard-contents.ts';

export type DocumentsHeader = Extract<FrameHeader, { kind: 'scanned' | 'looked' }>;

/** What the source told of documents. */
export interface Told {
  readonly documents: readonly ToldDocument[];
  /** Nothing of the shard comes behind it. */
  readonly last: boolean;
  readonly ends: readonly LogEnd[];
}

/** The source cannot tell what it was asked for a check. */
export class NotTold extends Error {
  override readonly name = 'NotTold';
}

type Waiting = Omit<PromiseWithResolvers<Told>, 'promise'>;

/** Questions of one stream for documents, each with the answer that comes to it: they come in order. */
export class ToldAnswers {
  readonly #send: (question: DocumentQuestion) => void;
  readonly #waiting: Waiting[] = [];

  constructor(send: (question: DocumentQuestion) => void) {
    this.#send = send;
  }

  /** Rejects with {@link NotTold}; who gave up waiting need not take the answer. */
  ask(question: DocumentQuestion): Promise<Told> {
    const { promise, ...waiting } = Promise.withResolvers<Told>();
    promise.catch(() => undefined);
    this.#waiting.push(waiting);
    this.#send(question);
    return promise;
  }

  take(header: DocumentsHeader, body: Uint8Array): void {
    const waiting = this.#waiting.shift();
    const ends = header.kind === 'looked' ? header.ends : [];
    waiting?.resolve({ documents: toldDocuments(body), last: header.kind === 'looked' || header.last, ends });
  }

  untold(reason: string): void {
    this.#waiting.shift()?.reject(new NotTold(`the source cannot tell: ${reason}`));
  }
}
