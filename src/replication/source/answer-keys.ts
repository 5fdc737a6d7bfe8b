import type { ArangoServer } from '../arango.ts';
import { type CollectionPlace, documentsByKey, KEYS_AT_ONCE } from '../documents-by-key.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { Questions } from './answer-questions.ts';
import { StreamBroken } from './broken.ts';
import { mayRead } from './read-throttle.ts';
import type { ShardStream } from './shard-stream.ts';
import type { ShardPlace } from './topology.ts';

export interface AnswerKeysParts {
  readonly place: ShardPlace;
  /** The shard's leader. */
  readonly server: ArangoServer;
  /** A coordinator, or the single server. */
  readonly front: ArangoServer;
  readonly throttle: Throttle;
  readonly now: () => number;
}

/** Answers what a receiver asks that compares contents, until it says that nothing is missing any more. */
export async function answerKeys(
  stream: ShardStream,
  questions: Questions,
  { place, server, front, throttle, now }: AnswerKeysParts,
  signal: AbortSignal,
): Promise<void> {
  const { database, collection, shard } = place;
  const placeOf = {
    shard: { server, database, collection: shard },
    collection: { server: front, database, collection },
  };
  for (;;) {
    const question = await questions.next(signal);
    if (question.kind === 'compared') return;
    if (question.kind !== 'absent') {
      throw new StreamBroken('failed', `${question.kind} is asked where contents are compared`);
    }
    await mayRead(stream, throttle, 'copy', signal);
    const { absent, bytes } = await absentKeys(placeOf[question.of], question.keys, signal);
    throttle.charge({ bytes, operations: 0 }, 'copy');
    await stream.roomy('copy', signal);
    stream.absent(absent, now());
  }
}

/** Of these keys those under which the collection has no document now, and what was read to know it. */
async function absentKeys(
  place: CollectionPlace,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly absent: readonly string[]; readonly bytes: number }> {
  const absent: string[] = [];
  let bytes = 0;
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const some = keys.slice(at, at + KEYS_AT_ONCE);
    const found = await documentsByKey(place, some, signal);
    absent.push(...some.filter((_, index) => found[index] === undefined));
    bytes += found.reduce((sum, document) => sum + (document?.length ?? 0), 0);
  }
  return { absent, bytes };
}
