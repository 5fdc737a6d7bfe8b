import type { ArangoDeployment } from '../../src/replication/arango.ts';
import { readAnalyzers, readViews } from '../../src/replication/search-definitions.ts';
import {
  type RawInventory,
  type RawParameters,
  withInventoryReader,
} from '../../src/replication/source/raw-inventory.ts';
import { dumpShard } from '../e2e/support/compare.ts';

/** What a deployment holds that has to be the same on both sides, each thing as one text under one name. */
export type Content = ReadonlyMap<string, string>;

/** System collections whose documents are replicated, and under which name. */
const SYSTEM_COLLECTIONS: Readonly<Record<'source' | 'target', Readonly<Record<string, string>>>> = {
  source: {
    _graphs: '_graphs',
    _aqlfunctions: '_aqlfunctions',
    _apps: '_apps',
    _appbundles: '_appbundles',
    _queues: '_queues',
    _jobs: '_jobs',
  },
  target: {
    _graphs: '_graphs',
    _aqlfunctions: '_aqlfunctions',
    _apps: '_apps',
    _appbundles: '_appbundles',
    _queuesbackup: '_queues',
    _jobsbackup: '_jobs',
  },
};

/** So much of a value is shown. */
const SHOWN = 200;

/** What every deployment draws for itself. */
const DRAWN = ['id', 'cid', 'planId', 'globallyUniqueId', 'shards', 'version', 'name', 'status', 'deleted', 'objectId'];
const DRAWN_OF_INDEX = ['id', 'objectId', 'selectivityEstimate'];

export async function contentOf(deployment: ArangoDeployment, side: 'source' | 'target'): Promise<Content> {
  const content = new Map<string, string>();
  const signal = AbortSignal.timeout(120_000);
  const databases = [...(await deployment.databases(signal))].sort();
  await withInventoryReader(deployment, signal, async (read) => {
    for (const database of databases) {
      const raw = await read(database);
      const { sharding = '', replicationFactor, writeConcern } = raw.properties ?? {};
      content.set(`database ${database}`, text({ sharding, replicationFactor, writeConcern }));
      await addCollections(deployment, database, raw, side, content);
      for (const analyzer of await readAnalyzers(deployment.front, database, signal)) {
        content.set(`analyzer ${database}/${analyzer.name}`, text(analyzer));
      }
      const names = raw.views?.map(({ name }) => name) ?? [];
      for (const view of await readViews(deployment.front, database, names, signal)) {
        content.set(`view ${database}/${view.name}`, text(view));
      }
    }
  });
  return content;
}

async function addCollections(
  deployment: ArangoDeployment,
  database: string,
  { collections }: RawInventory,
  side: 'source' | 'target',
  content: Map<string, string>,
): Promise<void> {
  for (const { parameters, indexes } of collections) {
    const isSystem = parameters.name.startsWith('_');
    const name = isSystem ? SYSTEM_COLLECTIONS[side][parameters.name] : parameters.name;
    if (parameters.name === '_users') await addUsers(deployment, database, parameters, content);
    if (name === undefined) continue;
    if (!isSystem) {
      // How many copies are made of what follows a prototype is that one's affair.
      const drawn = 'distributeShardsLike' in parameters ? [...DRAWN, 'replicationFactor'] : DRAWN;
      const { keyOptions, ...rest } = without(parameters, drawn);
      const { lastValue: _counter, ...ownKeyOptions } = (keyOptions ?? {}) as Record<string, unknown>;
      content.set(`collection ${database}/${name}`, text({ ...rest, keyOptions: ownKeyOptions }));
      for (const index of indexes)
        content.set(`index ${database}/${name}/${index.name}`, text(without(index, DRAWN_OF_INDEX)));
    }
    for (const [index, documents] of (await documentsOf(deployment, database, parameters)).entries()) {
      for (const [key, document] of documents) {
        // Its handle is made of the name of the collection, which is another one for some of the system's.
        const original = document.replace(`"_id":"${parameters.name}/`, `"_id":"${name}/`);
        content.set(`document ${database}/${name}[${index}]/${key}`, original);
      }
    }
  }
}

/** Users by name: their keys and revisions are each deployment's own. */
async function addUsers(
  deployment: ArangoDeployment,
  database: string,
  parameters: RawParameters,
  content: Map<string, string>,
): Promise<void> {
  for (const documents of await documentsOf(deployment, database, parameters)) {
    for (const document of documents.values()) {
      const { user, ...rest } = without(JSON.parse(document), ['_key', '_id', '_rev']) as { user: string };
      // Each side keeps its own: its masters were started so.
      if (user !== 'root') content.set(`user ${user}`, text(rest));
    }
  }
}

async function documentsOf(
  deployment: ArangoDeployment,
  database: string,
  { name, shards }: RawParameters,
): Promise<Map<string, string>[]> {
  const [server] = await deployment.dbServers();
  const places =
    deployment.kind === 'single'
      ? [[name, server?.id ?? ''] as const]
      : Object.entries(shards ?? {})
          .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
          .map(([shard, [leader = '']]) => [shard, leader] as const);
  return Promise.all(
    places.map(([shard, leader], index) => dumpShard(deployment, { database, collection: name, index, shard, leader })),
  );
}

/** `name: what is wrong`, of everything that is not the same. */
export function differences(source: Content, target: Content): string[] {
  const found: string[] = [];
  for (const [name, original] of source) {
    const copy = target.get(name);
    if (copy === undefined) found.push(`${name}: missing on the target`);
    else if (copy !== original) found.push(`${name}: ${changesOf(original, copy)}`);
  }
  for (const name of target.keys()) if (!source.has(name)) found.push(`${name}: only on the target`);
  // What documents are in explains why they differ.
  return found.toSorted((a, b) => Number(a.startsWith('document ')) - Number(b.startsWith('document ')));
}

/** The attributes that are not the same, shortened. */
function changesOf(original: string, copy: string): string {
  const before = JSON.parse(original) as Record<string, unknown>;
  const after = JSON.parse(copy) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const shown = (value: unknown) => text(value)?.slice(0, SHOWN) ?? 'nothing';
  const changed = names.filter((name) => text(before[name]) !== text(after[name]));
  if (changed.length === 0) return `${original.slice(0, SHOWN)} became ${copy.slice(0, SHOWN)}`;
  return changed.map((name) => `${name} ${shown(before[name])} became ${shown(after[name])}`).join(', ');
}

function without(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

/** JSON with sorted names; undefined of what is not there. */
function text(value: object): string;
function text(value: unknown): string | undefined;
function text(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
