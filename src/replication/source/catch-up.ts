import { answerKeys } from './answer-keys.ts';
import { answerQuestions, type Questions } from './answer-questions.ts';
import type { SharedBatch } from './batches.ts';
import { copyShard } from './copy-shard.ts';
import { mayRead } from './read-throttle.ts';
import type { ShardSenderParts } from './sender-parts.ts';
import { placeAt, shardTree } from './shard-tree.ts';

/** What whoever serves a shard does about a snapshot that a receiver is brought to. */
export interface CatchUpPorts {
  /** Tells the receiver, before the first piece. */
  begin(batch: SharedBatch, signal: AbortSignal): Promise<void>;
  sent(documents: number, bytes: number): void;
}

/** Sends all of a snapshot. `key` names the shard among those that share it. */
export async function sendCopy(
  { server, place, stream, environment, limits, throttle }: ShardSenderParts,
  key: string,
  ports: CatchUpPorts,
  signal: AbortSignal,
): Promise<void> {
  const batch = await server.batches.shared(key, signal);
  try {
    await ports.begin(batch, signal);
    const { copyChunkBytes: chunkBytes } = limits;
    const parts = { server: server.server, place, batch, chunkBytes, throttle, now: environment.now };
    await copyShard(stream, { ...parts, onDocuments: ports.sent }, signal);
  } finally {
    await batch.release();
  }
}

/** Sends all of a snapshot to a receiver that compares contents, and answers what it asks meanwhile and afterwards. */
export async function sendContent(
  parts: ShardSenderParts,
  key: string,
  questions: Questions,
  ports: CatchUpPorts,
  signal: AbortSignal,
): Promise<void> {
  await sendCopy(parts, key, ports, signal);
  const { server, place, front, throttle, stream, environment } = parts;
  const asked = { place, server: server.server, front, throttle, now: environment.now };
  await answerKeys(stream, questions, asked, signal);
}

/** Sends the snapshot's tree; the receiver compares it with its own, and asks for what it lacks. */
export async function sendDifference(
  { server, place, stream, environment, limits, throttle }: ShardSenderParts,
  questions: Questions,
  ports: CatchUpPorts,
  signal: AbortSignal,
): Promise<void> {
  await mayRead(stream, throttle, 'copy', signal);
  const { batch, text } = await shardTree(server, place, signal);
  throttle.charge({ bytes: text.length, operations: 0 }, 'copy');
  try {
    await ports.begin(batch, signal);
    await stream.roomy('copy', signal);
    stream.digest(Buffer.from(text), environment.now());
    const parts = { place: placeAt(server.server, place, batch), chunkBytes: limits.copyChunkBytes, throttle };
    const either = AbortSignal.any([signal, batch.lost]);
    await answerQuestions(stream, questions, { ...parts, now: environment.now, onDocuments: ports.sent }, either);
  } finally {
    await batch.release();
  }
}
