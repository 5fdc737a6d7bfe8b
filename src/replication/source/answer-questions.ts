import type { DifferenceQuestion } from '../queue.ts';
import { documentsAt, isTreeSoundAt, type RevisionPlace, rebuildTreeAt, revisionsAt } from '../revision-calls.ts';
import { packRevisions } from '../revision-list.ts';
import type { Throttle } from '../throttle/throttle.ts';
import { StreamBroken } from './broken.ts';
import { Doorbell } from './doorbell.ts';
import { mayRead } from './read-throttle.ts';
import type { ShardStream } from './shard-stream.ts';

/** A receiver waits for answers after a few questions; who asks for more than this does not keep to it. */
const QUESTIONS_MAX = 64;
/** What a listed revision is in the server's answer. */
const REVISION_BYTES = 14;
const NEWLINE = Buffer.from('\n');

/** What the receiver asked of a snapshot and was not told yet, in order. */
export class Questions {
  readonly #bell = new Doorbell();
  readonly #asked: DifferenceQuestion[] = [];

  /** False: too many are waiting. */
  put(question: DifferenceQuestion): boolean {
    if (this.#asked.length >= QUESTIONS_MAX) return false;
    this.#asked.push(question);
    this.#bell.ring();
    return true;
  }

  async next(signal: AbortSignal): Promise<DifferenceQuestion> {
    for (;;) {
      const question = this.#asked.shift();
      if (question !== undefined) return question;
      await this.#bell.wait(signal);
    }
  }
}

export interface AnswerParts {
  readonly place: RevisionPlace;
  readonly chunkBytes: number;
  readonly throttle: Throttle;
  readonly now: () => number;
  readonly onDocuments: (count: number, bytes: number) => void;
}

/** Answers what a receiver asks of a snapshot, until it says that nothing is missing any more. */
export async function answerQuestions(
  stream: ShardStream,
  questions: Questions,
  parts: AnswerParts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const question = await questions.next(signal);
    if (question.kind === 'compared') return;
    if (question.kind === 'fetch') {
      await sendDocuments(stream, question.revisions, parts, signal);
      continue;
    }
    if (question.kind === 'absent' || question.kind === 'find') {
      throw new StreamBroken('failed', 'keys are asked for where revisions are compared');
    }
    if (question.kind === 'drifted') throw await afterDrift(parts.place, signal);
    const { ranges, resume } = question;
    await mayRead(stream, parts.throttle, 'copy', signal);
    const page = await revisionsAt(parts.place, { ranges, resume }, signal);
    parts.throttle.charge({ bytes: page.revisions.length * REVISION_BYTES, operations: 0 }, 'copy');
    await stream.roomy('copy', signal);
    stream.revisions(packRevisions(page.revisions), page.resume, parts.now());
  }
}

/** A tree that is not what the documents make is computed anew, and what is compared with it then is compared rightly. */
async function afterDrift(place: RevisionPlace, signal: AbortSignal): Promise<StreamBroken> {
  if (await isTreeSoundAt(place, signal)) {
    const reason = `the revisions of ${place.shard} are equal on both sides and the trees are not, though both were computed anew`;
    return new StreamBroken('tree-drifted', reason, { catchUp: 'copy' });
  }
  await rebuildTreeAt(place, signal);
  const reason = `the source's revision tree of ${place.shard} had drifted and was computed anew`;
  return new StreamBroken('tree-drifted', reason, { catchUp: 'any' });
}

async function sendDocuments(
  stream: ShardStream,
  revisions: readonly string[],
  { place, chunkBytes, throttle, now, onDocuments }: AnswerParts,
  signal: AbortSignal,
): Promise<void> {
  let sent = 0;
  await mayRead(stream, throttle, 'copy', signal);
  for await (const found of documentsAt(place, revisions, throttle.pieceBytes(chunkBytes), signal)) {
    const documents = found.filter((document) => document !== undefined);
    if (documents.length < found.length) {
      throw new StreamBroken('snapshot-lost', `the snapshot of ${place.shard} has lost what it listed`, {
        retryAfterMs: 1_000,
      });
    }
    const body = Buffer.concat(documents.flatMap((document) => [document, NEWLINE]));
    sent += documents.length;
    throttle.charge({ bytes: body.length, operations: documents.length }, 'copy');
    await stream.roomy('copy', signal);
    stream.copy(body, documents.length, sent === revisions.length, now());
    onDocuments(documents.length, body.length);
    await mayRead(stream, throttle, 'copy', signal);
  }
}
