import { afterEach, expect, test } from 'vitest';
import { TestSource, until } from '../replication/source/harness.ts';

let source: TestSource;

afterEach(() => source.stop());

test('S14: a shard that is dropped in the log it is followed by is copied, before any look at the structure', async () => {
  const hour = 3_600_000;
  // The collection of the markers would be a reason to look.
  const never = { inventoryEveryMs: hour, inventoryConfirmMs: hour, markerEveryMs: 0 };
  source = await TestSource.start({ mode: 'single' }, never);
  await source.createCollection('c');
  await source.write('c', [{ _key: 'old' }]);
  const [replica] = await source.follow('c');
  if (replica === undefined) throw new Error('no replica');
  await source.equal(replica, 'c');
  await until('a floor', () => source.receiver.floors.at(-1)?.except.length === 0);
  source.receiver.reopens = false;
  await source.dropCollection('c');
  await source.createCollection('c');
  const broken = await until('the end of the stream', () => replica.broken);
  expect(broken).toMatchObject({ code: 'shard-changed', catchUp: 'any' });
  expect(broken.reason).toMatch(/was (dropped|made) on its server at tick/);
  source.receiver.reopens = true;
  await source.write('c', [{ _key: 'new' }]);
  source.receiver.open(replica.channel, { copyBecause: broken.reason });
  await source.equal(replica, 'c');
  expect([...replica.documents.keys()]).toEqual(['new']);
});
