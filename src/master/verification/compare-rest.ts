import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import type { CheckFinding, CheckRequest } from '../../wire/check.ts';
import type { ComparisonResult } from '../../wire/comparisons.ts';
import type { Core } from '../reconcile/core.ts';

const SYSTEM = '_system';

/**
 * Has structure and users held against the source's by the worker that receives the inventory: indexes, properties, views,
 * analyzers, users with their grants and passwords; whatever no shard shows. With `repair` it sets right what differs.
 */
export async function compareRest(
  core: Core,
  request: CheckRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const { database, collection, repair = false } = request;
  const result = await compared(core, repair, timeoutMs, signal);
  if (result.state === 'untold') return [unknown(result.reason ?? 'nobody has told')];
  const how = result.state === 'equal' ? 'repaired' : 'different';
  return (result.structure ?? [])
    .filter((each) => (database ?? each.database) === each.database)
    .filter((each) => (collection ?? each.collection) === each.collection)
    .map(({ detail, ...where }): CheckFinding => ({ ...where, result: how, detail: inWords(detail, how) }));
}

/** Without what is told already, with the reason. */
export function withoutKnown(findings: readonly CheckFinding[], known: readonly CheckFinding[]): CheckFinding[] {
  const isTold = ({ database, collection, detail }: CheckFinding) =>
    known.some(
      (told) => told.database === database && told.collection === collection && told.detail.startsWith(`${detail}:`),
    );
  return findings.filter((finding) => !isTold(finding));
}

async function compared(
  { control, memory, ports, desk }: Core,
  repair: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Pick<ComparisonResult, 'state' | 'reason' | 'structure'>> {
  const heldBack = heldBackBy(control.state.synchronization, control.state.outgoing);
  if (heldBack !== undefined) return { state: 'untold', reason: `nothing is received: ${heldBack}` };
  const [taskId] = [...control.state.tasks].find(([, { type }]) => type === 'receive-inventory') ?? [];
  if (taskId === undefined) return { state: 'untold', reason: 'nobody receives the inventory at this moment' };
  const letGo = memory.comparisons.open();
  control.touch();
  try {
    const isWanted = () => control.state.tasks.has(taskId);
    const how = { clock: ports.clock, timeoutMs, onDocuments: () => undefined, isWanted };
    const result = await memory.comparisons.compare({ taskId, deep: false, repair }, how, signal);
    if (result.state === 'untold') desk.assertLeads();
    return result;
  } finally {
    letGo();
    control.touch();
  }
}

function unknown(reason: string): CheckFinding {
  const detail = `structure and users were not compared: ${reason}`;
  return { database: SYSTEM, collection: '', result: 'unknown', detail };
}

function inWords(detail: string, result: CheckFinding['result']): string {
  return result === 'repaired' ? `was different (${detail})` : detail;
}
