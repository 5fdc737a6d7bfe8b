import { describeSelection } from '../../src/events/selection/selection.ts';
import type { SyncPlan } from '../../src/wire/sync-plan.ts';

/** Collections that are named in a line; the others are counted. */
const NAMED_MAX = 10;

type Collections = readonly { readonly database: string; readonly collection: string }[];

/** What another selection of a synchronization that is active brings and leaves. */
export function describeChange({ selection, change }: Pick<SyncPlan, 'selection' | 'change'>): string[] {
  if (change === undefined) return [];
  const { from, follow, leave } = change;
  const lines = [`The selection changes from ${describeSelection(from)} to ${describeSelection(selection)}.`];
  lines.push(`Followed newly: ${counted(follow)}`);
  lines.push(`No longer followed: ${counted(leave)}`);
  if (leave.length > 0) {
    lines.push('These stay on the target as they are, read-only until the synchronization is stopped.');
  }
  return lines;
}

/** `3 collections: shop/a, shop/b, shop/c`. */
export function counted(collections: Collections): string {
  const count = `${collections.length} ${collections.length === 1 ? 'collection' : 'collections'}`;
  if (collections.length === 0) return count;
  const names = collections.slice(0, NAMED_MAX).map(({ database, collection }) => `${database}/${collection}`);
  const more = collections.length > NAMED_MAX ? ` and ${collections.length - NAMED_MAX} more` : '';
  return `${count}: ${names.join(', ')}${more}`;
}
