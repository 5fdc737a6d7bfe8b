import { describeSelection } from '../../src/events/selection/selection.ts';
import type { BothEnds } from '../../src/wire/both-ends.ts';
import type { OutgoingSyncInfo } from '../../src/wire/sync-info.ts';
import { copyLine } from './copy-line.ts';
import { pauseLine } from './pause-line.ts';
import { shardTable } from './shard-table.ts';
import { throttleLine } from './throttle-line.ts';
import { verificationLines } from './verification-lines.ts';

/** The status of a datacenter for people: the one line that says how it is comes first. */
export function describeStatus(info: BothEnds, verbose: boolean): string[] {
  const limits = info.throttle === undefined ? [] : [throttleLine(info.throttle)];
  return [...incomingLines(info, verbose), ...outgoingLines(info, verbose), ...limits];
}

/** Of a collection that is replicated, and of which something is still to come. */
const LATER = 'its index ';

function incomingLines(info: BothEnds, verbose: boolean): string[] {
  const lines = [`Incoming: ${info.status}${info.source.length > 0 ? ` from ${info.source.join(', ')}` : ''}`];
  if (info.held_read_only) {
    lines.push("Held read-only by a stop or a reversal: 'arangosync stop sync' here makes it writable");
  }
  if (info.hold_broken !== undefined) lines.push(`No reversal: ${info.hold_broken}`);
  if (info.cancellationAborted) {
    lines.push("The last one was aborted; its source was not told: run 'arangosync abort outgoing sync' there");
  }
  for (const warning of info.stop_warnings ?? []) lines.push(`Since the last stop: ${warning}`);
  if (info.last_selection !== undefined) {
    lines.push(`The last one had the selection ${describeSelection(info.last_selection)}`);
  }
  if (info.status === 'inactive') return lines;
  if (info.selection !== undefined) lines.push(`Selection: ${describeSelection(info.selection)}`);
  lines.push(`Shards: ${info.shardsCount ?? 0} of ${info.totalShardsCount ?? 'unknown'}`);
  if (info.initial_copy !== undefined) lines.push(copyLine(info.initial_copy));
  if (info.status_message) lines.push(info.status_message);
  if (info.paused !== undefined) lines.push(pauseLine(info.paused, 'the source'));
  lines.push(...otherEndLines(info), ...verificationLines(info.verification, verbose));
  if (info.keeps_root) lines.push("Users: the source's, but for root, which is this datacenter's own");
  for (const { database, collection, reason } of info.problems ?? []) {
    lines.push(`${reason.startsWith(LATER) ? 'Later' : 'Not replicated'}: ${database}/${collection}: ${reason}`);
  }
  lines.push(...noteLines(info));
  for (const path of info.heldDrops ?? []) {
    lines.push(`Held: ${path} is gone from the source; 'arangosync confirm drops --collection=${path}' drops it here`);
  }
  const { otherEnd } = info;
  const atSource = otherEnd !== undefined && 'outgoing' in otherEnd ? otherEnd.outgoing.shards : undefined;
  lines.push(...shardTable(info.shards, atSource, verbose));
  return lines;
}

/** What is other on purpose, of many collections in one line. */
function noteLines({ notes = [] }: BothEnds): string[] {
  return notes.map(({ database, note, collections, count }) => {
    const more = count > collections.length ? ` and ${count - collections.length} more` : '';
    return `Other than on the source: ${database}/${collections.join(', ')}${more}: ${note}`;
  });
}

function otherEndLines({ otherEnd }: BothEnds): string[] {
  if (otherEnd === undefined) return [];
  if ('error' in otherEnd) return [`At the source: unknown: ${otherEnd.error}`];
  const { id, outgoing } = otherEnd;
  const barrier = outgoing.active_barrier ? '; read-only there until this one has caught up' : '';
  return [`At the source: ${outgoing.status} (${id}), ${outgoing.shardsCount ?? 0} shards${barrier}`];
}

function outgoingLines({ outgoing = [] }: BothEnds, verbose: boolean): string[] {
  return outgoing.length === 0 ? ['Outgoing: none'] : outgoing.flatMap((target) => targetLines(target, verbose));
}

function targetLines(target: OutgoingSyncInfo, verbose: boolean): string[] {
  const { id, endpoint, status, shardsCount = 0, active_barrier: hasBarrier, paused, shards } = target;
  const barrier = hasBarrier ? '; read-only here until it has caught up' : '';
  const lines = [
    `Outgoing: ${status} to ${id} (${endpoint.join(', ') || 'unknown endpoints'}), ${shardsCount} shards${barrier}`,
  ];
  if (paused !== undefined) lines.push(pauseLine(paused, 'this datacenter'));
  return [...lines, ...shardTable(shards, undefined, verbose)];
}
