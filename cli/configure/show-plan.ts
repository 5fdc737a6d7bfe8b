import type { SyncPlan } from '../../src/wire/sync-plan.ts';
import { formatTable } from '../table.ts';

/** What following a source would do, for people: what is lost stands last, where it is seen. */
export function describePlan({ source, create, overwrite, drop, problems }: SyncPlan): string[] {
  const lines = [`Source: ${source.id}, ArangoDB ${source.version}. Nothing is changed by this command.`];
  if (create.length > 0) {
    lines.push(`\nCreated on the target: ${create.length} collections`);
    lines.push(
      formatTable(
        ['Database', 'Collection'],
        create.map(({ database, collection }) => [database, collection]),
      ),
    );
  }
  if (problems.length > 0) {
    lines.push(`\nNot replicated: ${problems.length}`);
    const rows = problems.map(({ database, collection, reason }) => [database, collection || '-', reason]);
    lines.push(formatTable(['Database', 'Collection', 'Reason'], rows));
  }
  const kept = overwrite.filter(({ documents }) => documents > 0);
  if (kept.length > 0) {
    lines.push('\nReplaced on the target: documents that differ, or that the source does not have, are LOST');
    lines.push(lostTable(kept));
  }
  if (drop.length > 0) {
    lines.push('\nDropped on the target, because the source does not have them: all their documents are LOST');
    lines.push(lostTable(drop));
  }
  if (kept.length === 0 && drop.length === 0) lines.push('\nNothing on the target is lost.');
  return lines;
}

function lostTable(collections: SyncPlan['drop']): string {
  const rows = collections.map(({ database, collection, documents }) => [database, collection, String(documents)]);
  return formatTable(['Database', 'Collection', 'Documents there'], rows);
}
