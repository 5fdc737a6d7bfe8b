import { expect } from 'vitest';
import { decodeRevision, encodeRevision } from '../revision-text.ts';
import type { Home, Target } from '../target.ts';

/** What only shows on a server nobody else writes to: distances of ticks (reference 6.4, 6.7) and its clock (1.8). */
export function defineQuietServer(target: Target): void {
  if (target.canMisbehave === undefined || !target.storageReachable) return;
  const { check } = target;
  const tickOf = async (home: Home) => Number((await home.ask('GET /_api/wal/lastTick')).textAt('tick'));

  check('6.7: an insert takes two ticks and one per index, its marker the first', async () => {
    const name = await target.collection();
    const home = await target.home(name);
    const before = await tickOf(home);
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    expect((await tickOf(home)) - before).toBe(2);
    const { lines } = await home.ask(`GET /_api/wal/tail?from=${before}&collection=${home.name}`);
    expect(lines.map(({ tick }) => Number(tick))).toEqual([before + 1]);
    await target.ask(`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'] });
    const indexed = await tickOf(home);
    await target.ask(`POST /_api/document/${name}`, { _key: 'l', a: 1 });
    expect((await tickOf(home)) - indexed).toBe(3);
  });

  check("6.7: an update's marker is the second tick of its batch", async () => {
    const name = await target.collection();
    const home = await target.home(name);
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const before = await tickOf(home);
    await target.ask(`PATCH /_api/document/${name}/k`, { a: 1 });
    const { lines } = await home.ask(`GET /_api/wal/tail?from=${before}&collection=${home.name}`);
    expect(lines.map(({ tick }) => Number(tick))).toEqual([before + 2]);
  });

  check('6.3: an idle tail tells the start of the batch that holds from', async () => {
    const name = await target.collection();
    const home = await target.home(name);
    const before = await tickOf(home);
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const answer = await home.ask(`GET /_api/wal/tail?from=${before + 2}`);
    expect(answer.status).toBe(204);
    expect(answer.header('x-arango-replication-lastscanned')).toBe(String(before + 1));
  });

  check('1.8: x-arango-hlc moves the clock of revisions forward', async () => {
    const name = await target.collection();
    const home = await target.home(name);
    const ahead = encodeRevision(BigInt(Date.now() + 2000) << 20n);
    await home.ask('GET /_api/version', undefined, { 'x-arango-hlc': ahead });
    const rev = (await target.ask(`POST /_api/document/${name}`, {})).textAt('_rev');
    expect(decodeRevision(rev)).toBeGreaterThan(decodeRevision(ahead));
  });
}
