import { answerQuestions, type Questions } from './answer-questions.ts';
import type { SharedBatch } from './batches.ts';
import { copyShard } from './copy-shard.ts';
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
  { server, place, stream, environment, limits }: ShardSenderParts,
  key: string,
  ports: CatchUpPorts,
  signal: AbortSignal,
): Promise<void> {
  const batch = await server.batches.shared(key, signal);
  try {
    await ports.begin(batch, signal);
    const parts = { server: server.server, place, batch, chunkBytes: limits.copyChunkBytes, now: environment.now };
    await copyShard(stream, { ...parts, onDocuments: ports.sent }, signal);
  } finally {
    await batch.release();
  }
}

/** Sends the snapshot's tree; the receiver compares it with its own, and asks for what it lacks. */
export async function sendDifference(
  { server, place, stream, environment, limits }: ShardSenderParts,
  questions: Questions,
  ports: CatchUpPorts,
  signal: AbortSignal,
): Promise<void> {
  const { batch, text } = await shardTree(server, place, signal);
  try {
    await ports.begin(batch, signal);
    await stream.roomy(signal);
    stream.digest(Buffer.from(text), environment.now());
    const parts = { place: placeAt(server.server, place, batch), chunkBytes: limits.copyChunkBytes };
    const either = AbortSignal.any([signal, batch.lost]);
    await answerQuestions(stream, questions, { ...parts, now: environment.now, onDocuments: ports.sent }, either);
  } finally {
    await batch.release();
  }
}
