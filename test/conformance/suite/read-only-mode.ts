import { expect, onTestFinished } from 'vitest';
import { expectRefusal, expectStatus } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 2.2, read-only mode. The mode is put back after every check. */
export function defineReadOnlyMode(target: Target): void {
  const { check } = target;
  const setMode = (mode: string) =>
    target.request({ method: 'PUT', path: '/_admin/server/mode', body: { mode }, as: caller });
  const caller = target.hasSuperuser ? 'superuser' : 'root';

  async function readOnly(): Promise<void> {
    onTestFinished(async () => {
      expectStatus(await setMode('default'), 200);
    });
    expectStatus(await setMode('readonly'), 200);
    for (;;) if ((await target.ask('GET /_admin/server/mode')).at('mode') === 'readonly') return;
  }

  check('2.2: PUT mode answers as GET mode does, availability too', async () => {
    await readOnly();
    const answer = { error: false, code: 200, mode: 'readonly' };
    expect((await target.ask('GET /_admin/server/mode')).body).toEqual(answer);
    expect((await target.ask('GET /_admin/server/availability')).body).toEqual(answer);
  });

  check('2.2: document writes are 403/1004 in read-only mode', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    await readOnly();
    for (const [call, body] of [
      [`POST /_api/document/${name}`, {}],
      [`POST /_api/document/${name}`, [{}]],
      [`PUT /_api/document/${name}/k`, {}],
      [`PATCH /_api/document/${name}/k`, { a: 1 }],
      [`DELETE /_api/document/${name}/k`, undefined],
      [`PUT /_api/collection/${name}/truncate`, undefined],
    ] as const) {
      expectRefusal(await target.ask(call, body), 403, 1004);
    }
    await setMode('default');
  });

  check('2.2: changes of structure are 403/11 in read-only mode', async () => {
    const name = await target.collection();
    await readOnly();
    for (const [call, body] of [
      ['POST /_api/collection', { name: fresh('c') }],
      [`DELETE /_api/collection/${name}`, undefined],
      [`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'] }],
      ['POST /_api/database', { name: fresh('d') }],
      ['POST /_api/view', { name: fresh('v'), type: 'arangosearch' }],
    ] as const) {
      expectRefusal(await target.ask(call, body), 403, 11);
    }
    await setMode('default');
  });

  check('2.2: reads go on in read-only mode', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    await readOnly();
    expect((await target.ask(`GET /_api/document/${name}/k`)).status).toBe(200);
    expect((await target.ask(`PUT /_api/document/${name}?onlyget=true`, ['k'])).status).toBe(200);
    expect((await target.ask(`GET /_api/collection/${name}/properties`)).status).toBe(200);
    await setMode('default');
  });

  if (target.storageReachable) {
    check('2.2: batches, dumps and tails go on in read-only mode', async () => {
      const name = await target.collection();
      await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
      const home = await target.home(name);
      await readOnly();
      const id = (await home.ask('POST /_api/replication/batch', { ttl: 60 })).textAt('id');
      const dump = await home.ask(`GET /_api/replication/dump?collection=${home.name}&batchId=${id}`);
      expect(dump.lines.length).toBe(1);
      expect((await home.ask('GET /_api/wal/tail?from=0')).status).toBeLessThan(300);
      expect((await home.ask(`DELETE /_api/replication/batch/${id}`)).status).toBe(204);
      await setMode('default');
    });
  }

  if (!target.authentication || !target.hasSuperuser) return;

  check('2.2: the superuser token writes in read-only mode', async () => {
    const name = await target.collection();
    await readOnly();
    const path = `/_api/document/${name}?isRestore=true&overwriteMode=replace`;
    const body = [{ _key: 'k', _rev: '_g69jY-----' }];
    const answer = await target.request({ method: 'POST', path, body, as: 'superuser' });
    expect([answer.status, answer.body]).toMatchObject([202, [{ _rev: '_g69jY-----' }]]);
    await setMode('default');
  });

  check('1.6: in read-only mode the effective level is ro, the configured one stays', async () => {
    await readOnly();
    const path = 'GET /_api/user/root/database/_system';
    expect((await target.ask(path)).at('result')).toBe('ro');
    expect((await target.ask(`${path}?configured=true`)).at('result')).toBe('rw');
    await setMode('default');
  });

  check('2.2: PUT mode needs rw on _system', async () => {
    const as = await target.user({ _system: 'ro' });
    const body = { mode: 'readonly' };
    expectRefusal(await target.request({ method: 'PUT', path: '/_admin/server/mode', body, as }), 403, 11);
  });
}
