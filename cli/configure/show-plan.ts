import { describeSelection, Selector } from '../../src/events/selection/selection.ts';
import type { SyncPlan } from '../../src/wire/sync-plan.ts';
import { formatTable } from '../table.ts';
import { counted, describeChange } from './show-selection.ts';

/** What following a source would do, for people: what is lost stands last, where it is seen. */
export function describePlan(plan: SyncPlan): string[] {
  const { source, create, overwrite, drop, problems, selection, notSelected = [], change } = plan;
  const lines = [`Source: ${source.id}, ArangoDB ${source.version}. Nothing is changed by this command.`];
  if (selection !== undefined && change === undefined) lines.push(`Selected: ${describeSelection(selection)}`);
  if (notSelected.length > 0) lines.push(`Not selected, and left alone on the target: ${counted(notSelected)}`);
  lines.push(...describeChange(plan));
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
  if (kept.length === 0 && drop.length === 0) lines.push('\nNo document of the target is lost.');
  const line = usersLine(plan);
  // Of a change of the selection only what changes.
  if (change === undefined || line !== usersLine({ ...plan, selection: change.from })) lines.push(line);
  return lines;
}

function usersLine({ keeps_root: keepsRoot, selection }: SyncPlan): string {
  if (!new Selector(selection).takes('_system', '_users')) return '\nUsers are not selected: those of the target stay.';
  const root = keepsRoot ? 'the target keeps its own root' : "root gets the source's password, too";
  return `\nUsers become those of the source, with passwords and grants; others are dropped on the target; ${root}.`;
}

function lostTable(collections: SyncPlan['drop']): string {
  const rows = collections.map(({ database, collection, documents }) => [database, collection, String(documents)]);
  return formatTable(['Database', 'Collection', 'Documents there'], rows);
}
