import { type Checkpoint, compareTicks } from '../queue.ts';
import type { Open } from './shard-stream.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace, Topology } from './topology.ts';

/** How a stream is served, and why. */
export type Way =
  | { readonly kind: 'tail'; readonly checkpoint: Checkpoint; readonly reason: string }
  | { readonly kind: 'copy' | 'difference' | 'content'; readonly reason: string };

export interface OpeningParts {
  readonly deploymentId: string;
  readonly place: ShardPlace;
  readonly server: SourceServer;
  /** As of now: tells a collection that is gone from a log that was replaced. */
  readonly refreshTopology: (signal: AbortSignal) => Promise<Topology>;
}

/**
 * Decides whether the log can go on where the receiver stands. It can when the checkpoint was made on this very data
 * (deployment, server, data directory, shard), when the log still holds it, and when an operation that was seen there is
 * there still (S5). In doubt it is caught up with, by difference where equal revisions prove equal documents, by content
 * where they mean nothing: that costs time, the other way costs data.
 */
export async function wayFor(open: Open, parts: OpeningParts, signal: AbortSignal): Promise<Way> {
  const { checkpoint, catchUpBecause, compare, byContent } = open;
  const kind = byContent === true ? 'content' : compare === undefined ? 'copy' : 'difference';
  const without = (reason: string): Way => ({ kind, reason });
  if (catchUpBecause !== undefined) return without(`the receiver asks for it: ${catchUpBecause}`);
  if (checkpoint === undefined) return without('the receiver has no checkpoint');
  const other = anotherOrigin(checkpoint, parts) ?? (await missingLog(checkpoint, parts, signal));
  if (other !== undefined) return without(other);
  const doubt = await replacedLog(checkpoint, parts, signal);
  if (doubt !== undefined) return without(doubt);
  return { kind: 'tail', checkpoint, reason: `the log continues from the checkpoint at ${checkpoint.tick}` };
}

function anotherOrigin(checkpoint: Checkpoint, { deploymentId, place, server }: OpeningParts): string | undefined {
  if (checkpoint.sourceDeployment !== deploymentId) {
    return `the checkpoint is of deployment ${checkpoint.sourceDeployment}, this is ${deploymentId}`;
  }
  if (checkpoint.dbServer !== server.id) {
    return `the shard is led by ${server.id} now, the checkpoint is of ${checkpoint.dbServer}`;
  }
  if (checkpoint.serverId !== server.serverId) {
    return `${server.id} has another data directory (${server.serverId}) than the checkpoint (${checkpoint.serverId})`;
  }
  if (checkpoint.cuid !== place.cuid) {
    return `the shard was made anew: it is ${place.cuid}, the checkpoint is of ${checkpoint.cuid}`;
  }
  return undefined;
}

async function missingLog(
  { tick }: Checkpoint,
  { server }: OpeningParts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const log = await server.logAt(tick, signal);
  if (compareTicks(log.lastTick, tick) < 0) {
    return `the log of ${server.id} ends at ${log.lastTick}, before the checkpoint at ${tick}: it was replaced`;
  }
  if (!log.fromPresent && tick !== '0')
    return `the log of ${server.id} does not reach back to the checkpoint at ${tick}`;
  return undefined;
}

/**
 * Reads operations that were seen at or before `tick` back from the log (S5). Tells why the log is not the one they were
 * seen in; undefined when it is. An operation whose collection is gone proves nothing: it vanished from the log with it
 * (reference 6.5).
 */
export async function replacedLog(
  { tick, witnesses }: Pick<Checkpoint, 'tick' | 'witnesses'>,
  { server, refreshTopology }: Pick<OpeningParts, 'server' | 'refreshTopology'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  let confirmed = 0;
  let now: Topology | undefined;
  for (const witness of witnesses) {
    const finding = await server.find(witness, signal);
    if (finding === 'confirmed') confirmed += 1;
    if (finding === 'confirmed' || finding === 'too-far') continue;
    now ??= await refreshTopology(signal);
    if (finding === 'absent' && !now.holds(server.id, witness.cuid)) continue;
    return (
      `the log of ${server.id} has ${finding === 'absent' ? 'no' : 'another'} operation at tick ${witness.tick}, ` +
      'where one was seen before: its ticks were given again'
    );
  }
  if (confirmed > 0) return undefined;
  const { lastTick } = await server.logAt(tick, signal);
  if (lastTick === tick) return undefined;
  return `none of ${witnesses.length} operations seen before tick ${tick} can be read back`;
}
