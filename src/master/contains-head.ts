import { LogArchivedPast, LogCorrupt } from '../events/log-errors.ts';
import type { WireHead } from '../wire/outgoing.ts';
import type { Core } from './reconcile/core.ts';

/** Whether our log still has a commit that the other side saw (S1, S18). What was archived on purpose is not missing. */
export async function containsHead(
  { control, ports }: Pick<Core, 'control' | 'ports'>,
  { position, hash }: WireHead,
  signal: AbortSignal,
): Promise<boolean> {
  const { head } = control;
  if (position === 0) return true;
  if (position > head.position) return false;
  if (position === head.position) return hash === head.hash;
  try {
    const next = await ports.log.read({ position, hash }, 1, signal);
    return next.length > 0;
  } catch (error) {
    if (error instanceof LogArchivedPast) return true;
    if (error instanceof LogCorrupt) return false;
    throw error;
  }
}
