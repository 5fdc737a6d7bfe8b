import type { ListedDatabase, ListedDatacenter } from '../../wire/shard-listing.ts';
import type { SyncPlan } from '../../wire/sync-plan.ts';

type Plan = Omit<SyncPlan, 'source' | 'keeps_root'>;
type Counted = Plan['drop'][number];

/** Counts the documents of a collection of the target. */
export type CountDocuments = (database: string, collection: string) => Promise<number>;

/** What following `source` would do to `target`; nothing is changed. */
export async function planSync(
  source: ListedDatacenter,
  target: ListedDatacenter,
  count: CountDocuments,
): Promise<Plan> {
  const plan: Plan = { create: [], overwrite: [], drop: [], problems: [] };
  const names = new Set([...Object.keys(source.databases), ...Object.keys(target.databases)]);
  for (const database of [...names].sort()) {
    const [theirs, ours] = [source.databases[database], target.databases[database]];
    const trouble = [theirs?.error, ours?.error].find((error) => error);
    if (trouble) plan.problems.push({ database, collection: '', reason: trouble });
    else await planDatabase(plan, database, theirs, ours, count);
  }
  return plan;
}

async function planDatabase(
  plan: Plan,
  database: string,
  theirs: ListedDatabase | undefined,
  ours: ListedDatabase | undefined,
  count: CountDocuments,
): Promise<void> {
  const counted = async (collection: string): Promise<Counted> => {
    return { database, collection, documents: await count(database, collection) };
  };
  for (const collection of Object.keys(theirs?.collections ?? {}).sort()) {
    const own = ours?.collections[collection];
    if (own === undefined) plan.create.push({ database, collection });
    else plan.overwrite.push(await counted(collection));
    const [there, here] = [shardsOf(theirs?.collections[collection]), shardsOf(own)];
    if (own !== undefined && there !== here) {
      const how =
        'revisions are not kept, and it is compared by key and content, unless it is empty and can be made anew';
      const reason = `${there} shards on the source, ${here} on the target: ${how}`;
      plan.problems.push({ database, collection, reason });
    }
  }
  for (const collection of Object.keys(ours?.collections ?? {}).sort()) {
    if (theirs?.collections[collection] === undefined) plan.drop.push(await counted(collection));
  }
}

function shardsOf(collection: ListedDatabase['collections'][string] | undefined): number {
  return Object.keys(collection?.shards ?? {}).length;
}
