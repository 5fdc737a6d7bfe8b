import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeRevision } from '../../../src/replication/revision.ts';
import { TARGET_LIMITS } from '../../../src/replication/target/environment.ts';
import { Gate } from '../../../src/replication/target/gate.ts';
import type { Operation } from '../../../src/replication/target/lines.ts';
import { ShardWriter } from '../../../src/replication/target/shard-writer.ts';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { directoryOf } from './a-target.ts';
import { TestTarget, testEnvironment } from './harness.ts';
import { documentLine } from './operations.ts';

const NEVER = new AbortController().signal;
const SHARDS = 3;
const GROUPS = 6;

let target: TestTarget;
/** The shard of each value of the shard key. */
let shardOf: number[];

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 2, coordinators: 1 });
});
afterAll(() => target.stop());

async function dropped(): Promise<void> {
  await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
}

/** One change at the source: the document of a key comes to have this value of the shard key, or is removed. */
interface Change {
  readonly key: number;
  readonly group: number | undefined;
}

interface Plan {
  readonly changes: readonly Change[];
  /** Which shard applies its next batch, of how many operations, and how many of before it applies again. */
  readonly turns: readonly { readonly shard: number; readonly count: number; readonly again: number }[];
  /** What removals tell: the removed revision, one of their own, as some versions do, or nothing of that kind. */
  readonly told: 'removed' | 'own' | 'nothing';
}

const plan: fc.Arbitrary<Plan> = fc.record({
  changes: fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 4 }),
      group: fc.option(fc.integer({ min: 0, max: GROUPS - 1 }), { nil: undefined, freq: 4 }),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  turns: fc.array(
    fc.record({
      shard: fc.integer({ min: 0, max: SHARDS - 1 }),
      count: fc.integer({ min: 1, max: 6 }),
      again: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 20 },
  ),
  told: fc.constantFrom('removed', 'own', 'nothing'),
});

const revision = (number: number) => encodeRevision((1_700_000_000_000n + BigInt(number)) << 20n);

/** What each shard of the source would tell of the changes, and what is there in the end: revisions by key. */
function streamsOf({ changes, told }: Plan): { readonly streams: Operation[][]; readonly end: Map<string, string> } {
  const streams: Operation[][] = Array.from({ length: SHARDS }, () => []);
  const stored = new Map<string, { readonly rev: string; readonly shard: number }>();
  let clock = 0;
  for (const { key: number, group } of changes) {
    const key = `k${number}`;
    const before = stored.get(key);
    const shard = group === undefined ? undefined : (shardOf[group] ?? 0);
    clock += 1;
    if (before !== undefined && before.shard !== shard) {
      const rev = { removed: before.rev, own: revision(clock), nothing: '' }[told];
      const bytes = Buffer.from(JSON.stringify({ _key: key, _rev: rev }));
      streams[before.shard]?.push({ kind: 'remove', key, revision: rev, bytes });
      stored.delete(key);
      clock += 1;
    }
    if (shard === undefined) continue;
    const rev = revision(clock);
    const bytes = Buffer.from(documentLine(key, rev, { g: `g${group}` }));
    streams[shard]?.push({ kind: 'put', key, revision: rev, bytes });
    stored.set(key, { rev, shard });
  }
  return { streams, end: new Map([...stored].map(([key, { rev }]) => [key, rev])) };
}

async function writers(): Promise<ShardWriter[]> {
  const directory = directoryOf(target, NEVER);
  const made: ShardWriter[] = [];
  for (let shardIndex = 0; shardIndex < SHARDS; shardIndex += 1) {
    const shard = await directory.shard({ database: '_system', collection: 'c', shardIndex });
    const environment = testEnvironment();
    const shared = {
      gate: new Gate(2),
      held: { bytes: 0 },
      throttle: new Throttle(environment),
      limits: TARGET_LIMITS,
    };
    const options = { ...shared, urgency: () => 'log' as const, environment };
    const told = { onWait: () => {}, onDoubt: async () => {} };
    made.push(new ShardWriter({ deployment: target.deployment, target: shard, ...options, ...told }));
  }
  return made;
}

async function shardsOfGroups(): Promise<number[]> {
  const path = '/_api/collection/c/responsibleShard';
  const names = Array.from(
    { length: SHARDS },
    (_, shard) => target.embedded.control.shard({ collection: 'c', shard }).name,
  );
  const found: number[] = [];
  for (let group = 0; group < GROUPS; group += 1) {
    const body = { _key: 'k', g: `g${group}` };
    const { shardId } = await target.deployment.front.json<{ shardId: string }>({ method: 'PUT', path, body });
    found.push(names.indexOf(shardId));
  }
  return found;
}

/** Revisions by key, of all shards: a key that stands in two of them is told twice. */
async function stored(): Promise<string[]> {
  const found: string[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const { name, servers } = target.embedded.control.shard({ collection: 'c', shard });
    const leader = await target.deployment.dbServer(servers[0] ?? '');
    const batch = '/_api/replication/batch';
    const { id } = await leader.json<{ id: string }>({ method: 'POST', path: batch, body: { ttl: 60 } });
    const query = { collection: name, batchId: id, useEnvelope: false };
    const { body } = await leader.request({ method: 'GET', path: '/_api/replication/dump', query });
    await leader.request({ method: 'DELETE', path: `${batch}/${id}` });
    for (const line of body.toString().split('\n').filter(Boolean)) {
      const { _key, _rev } = JSON.parse(line) as { _key: string; _rev: string };
      found.push(`${_key} ${_rev}`);
    }
  }
  return found.toSorted();
}

test('documents that move between shards end where the source has them, whichever shard is ahead or applied again', async () => {
  await fc.assert(
    fc
      .asyncProperty(plan, async (history) => {
        await target.createCollection('c', { numberOfShards: SHARDS, shardKeys: ['g'] });
        shardOf = await shardsOfGroups();
        const { streams, end } = streamsOf(history);
        const all = await writers();
        const at = streams.map(() => 0);
        const apply = async (shard: number, count: number, again: number) => {
          const from = Math.max(0, (at[shard] ?? 0) - again);
          const to = Math.min((at[shard] ?? 0) + count, streams[shard]?.length ?? 0);
          await all[shard]?.apply(streams[shard]?.slice(from, to) ?? [], NEVER);
          at[shard] = to;
        };
        for (const { shard, count, again } of history.turns) await apply(shard, count, again);
        for (const shard of streams.keys()) await apply(shard, Infinity, 0);
        expect(await stored()).toEqual([...end].map(([key, rev]) => `${key} ${rev}`).toSorted());
      })
      .afterEach(dropped),
    { numRuns: 40, seed: 7 },
  );
}, 60_000);
