import { afterEach, describe, expect, test } from 'vitest';
import { Inventory } from '../../../src/replication/inventory.ts';
import { INVENTORY_CHANNEL, TestSource, until } from './harness.ts';

let source: TestSource;

afterEach(async () => {
  await source.stop();
});

const database = (inventory: Inventory | undefined, name: string) =>
  inventory?.databases.find((one) => one.name === name);
const collection = (inventory: Inventory | undefined, name: string, inDatabase = '_system') =>
  database(inventory, inDatabase)?.collections.find((one) => one.name === name);

async function open(): Promise<void> {
  await source.addTask(INVENTORY_CHANNEL);
  source.receiver.open(INVENTORY_CHANNEL);
}

describe.each(['single', 'cluster'] as const)('the inventory of a %s', (mode) => {
  test('tells databases, collections with properties and indexes, and their shards', async () => {
    source = await TestSource.start({ mode });
    await source.createDatabase('d1');
    await source.createCollection('edges', { type: 3, numberOfShards: 4, replicationFactor: 2 }, 'd1');
    await source.deployment.front.json({
      method: 'POST',
      path: '/_api/index',
      database: 'd1',
      query: { collection: 'edges' },
      body: { type: 'persistent', fields: ['a', 'b'], name: 'ab' },
    });
    await open();
    const inventory = await until('an inventory', () => source.receiver.inventories[0]);
    expect(Inventory.parse(inventory)).toMatchObject({
      deploymentId: source.deployment.id,
      kind: mode,
      complete: true,
    });
    const edges = collection(inventory, 'edges', 'd1');
    expect(edges).toMatchObject({ targetName: 'edges', parameters: { type: 3, isSystem: false } });
    expect(edges?.indexes).toMatchObject([{ type: 'persistent', name: 'ab', fields: ['a', 'b'] }]);
    expect(edges?.parameters).not.toHaveProperty('id');
    expect(edges?.parameters).not.toHaveProperty('shards');
    const shards = edges?.shards ?? [];
    expect(shards.map(({ index }) => index)).toEqual(mode === 'single' ? [0] : [0, 1, 2, 3]);
    const numbers = shards.map(({ name }) => Number(name.slice(1)));
    if (mode === 'cluster') expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(shards.every(({ leader }) => leader !== undefined)).toBe(true);
  });

  test('tells analyzers of its own and views, without what each server draws for itself', async () => {
    source = await TestSource.start({ mode });
    await source.createDatabase('d1');
    const { front } = source.deployment;
    const own = { name: 'lower', type: 'norm', properties: { locale: 'en', case: 'lower' }, features: ['frequency'] };
    await front.json({ method: 'POST', path: '/_api/analyzer', database: 'd1', body: own });
    await source.createCollection('c', {}, 'd1');
    const links = { c: { analyzers: ['lower'], includeAllFields: true } };
    const view = { name: 'v', type: 'arangosearch', links };
    await front.json({ method: 'POST', path: '/_api/view', database: 'd1', body: view });
    await open();
    const inventory = await until('an inventory', () => source.receiver.inventories[0]);
    const d1 = database(inventory, 'd1');
    expect(d1?.analyzers).toMatchObject([{ name: 'lower', type: 'norm' }]);
    expect(d1?.views).toMatchObject([{ name: 'v', type: 'arangosearch', properties: { links: { c: {} } } }]);
    expect(Object.keys(d1?.views?.[0]?.properties ?? {})).not.toContain('globallyUniqueId');
    expect(d1?.excluded.map(({ name }) => name)).not.toContain('v');
    expect(database(inventory, '_system')).toMatchObject({ analyzers: [], views: [] });
  });

  test('lists what is not replicated with the reason, and never our own collections as data', async () => {
    source = await TestSource.start({ mode });
    await source.createCollection('_sync_events', { isSystem: true });
    await open();
    const inventory = await until('an inventory', () => source.receiver.inventories[0]);
    const system = database(inventory, '_system');
    const names = system?.collections.map(({ name, targetName }) => `${name}→${targetName}`);
    expect(names).toEqual(expect.arrayContaining(['_graphs→_graphs', '_queues→_queuesbackup', '_jobs→_jobsbackup']));
    const reasons = Object.fromEntries((system?.excluded ?? []).map(({ name, reason }) => [name, reason]));
    expect(reasons).toMatchObject({
      _users: expect.stringMatching(/replicated as users/),
      _analyzers: expect.stringMatching(/replicated as analyzers/),
      _sync_events: expect.stringMatching(/the replication itself/),
    });
  });

  test('S1: comes again, twice, after a change, and not because documents were written', async () => {
    source = await TestSource.start({ mode });
    await source.createCollection('c');
    await open();
    const { inventories } = source.receiver;
    await until('the confirming one', () => inventories.length === 2);
    await source.write('c', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await source.createCollection('later');
    await until('the change', () => inventories.length === 4);
    expect(inventories.map((one) => collection(one, 'later') !== undefined)).toEqual([false, false, true, true]);
    expect(inventories[3]?.takenAt).not.toBe(inventories[2]?.takenAt);
  });

  test('comes when it is asked for', async () => {
    source = await TestSource.start({ mode });
    await open();
    const { inventories } = source.receiver;
    await until('the confirming one', () => inventories.length === 2);
    const replica = source.receiver.open(INVENTORY_CHANNEL);
    await until('the first of the next stream, and the one that confirms it', () => inventories.length === 4);
    source.receiver.verify(replica);
    await until('another', () => inventories.length > 4);
    expect(replica.errors).toEqual([]);
  });

  test('S1: a database that does not answer makes it incomplete', async () => {
    source = await TestSource.start({ mode });
    await source.createDatabase('d1');
    source.embedded.control.addFault({
      path: /\/_db\/d1\/_api\/replication\/(clusterI|i)nventory/,
      action: { kind: 'fail', status: 500, errorNum: 4 },
    });
    await open();
    const inventory = await until('an inventory', () => source.receiver.inventories[0]);
    expect(inventory.complete).toBe(false);
    expect(inventory.databases.map(({ name }) => name)).toEqual(['_system']);
  });
});

test('a structure marker in a log brings the next inventory sooner than the poll', async () => {
  source = await TestSource.start({ mode: 'single' }, { inventoryEveryMs: 3_600_000, inventoryConfirmMs: 3_600_000 });
  await source.createCollection('c');
  await open();
  await source.follow('c');
  await until('the first', () => source.receiver.inventories.length > 0 && source.receiver.floors.length > 0);
  await source.createCollection('later');
  await until('the next', () => collection(source.receiver.inventories.at(-1), 'later') !== undefined);
});
