import { expect } from 'vitest';
import { expectRefusal, expectStatus } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 4.7. */
export function defineTransactions(target: Target): void {
  const { check } = target;

  async function begin(...write: readonly string[]): Promise<string> {
    const answer = await target.ask('POST /_api/transaction/begin', { collections: { write } });
    const id = expectStatus(answer, 201).textAt('result.id');
    target.dropLater(`/_api/transaction/${id}`);
    return id;
  }
  const within = (id: string) => ({ 'x-arango-trx-id': id });
  const running = async () =>
    ((await target.ask('GET /_api/transaction')).at('transactions') as { id: string }[]).map(({ id }) => id);

  check('4.7: begin answers 201 with a running transaction', async () => {
    const collections = { write: await target.collection() };
    const answer = await target.ask('POST /_api/transaction/begin', { collections });
    target.dropLater(`/_api/transaction/${answer.textAt('result.id')}`);
    const result = { id: expect.stringMatching(/^\d+$/), status: 'running' };
    expect([answer.status, answer.body]).toEqual([201, { code: 201, error: false, result }]);
  });

  check('4.7: what is written is seen inside, and outside only after the commit', async () => {
    const name = await target.collection();
    const id = await begin(name);
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' }, within(id));
    expect((await target.ask(`GET /_api/document/${name}/k`, undefined, within(id))).status).toBe(200);
    expectRefusal(await target.ask(`GET /_api/document/${name}/k`), 404, 1202);
    const answer = await target.ask(`PUT /_api/transaction/${id}`);
    expect(answer.body).toEqual({ code: 200, error: false, result: { id, status: 'committed' } });
    expect((await target.ask(`GET /_api/document/${name}/k`)).status).toBe(200);
  });

  check('4.6: a transaction is no query: nobody’s query runs', async () => {
    await begin(await target.collection());
    const answer = await target.ask('GET /_api/query/current');
    expect([answer.status, answer.body]).toEqual([200, []]);
  });

  check('4.7: an abort leaves nothing', async () => {
    const name = await target.collection();
    const id = await begin(name);
    await target.ask(`POST /_api/document/${name}`, [{}, {}], within(id));
    const answer = await target.ask(`DELETE /_api/transaction/${id}`);
    expect([answer.status, answer.at('result.status')]).toEqual([200, 'aborted']);
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(0);
  });

  check('4.7: commit and abort are idempotent', async () => {
    const name = await target.collection();
    const [committed, aborted] = [await begin(name), await begin(name)];
    for (let time = 0; time < 2; time += 1) {
      expect((await target.ask(`PUT /_api/transaction/${committed}`)).status).toBe(200);
      expect((await target.ask(`DELETE /_api/transaction/${aborted}`)).status).toBe(200);
    }
  });

  check('4.7: commit of an aborted transaction is 400/1653, abort of a committed one too', async () => {
    const name = await target.collection();
    const [committed, aborted] = [await begin(name), await begin(name)];
    await target.ask(`PUT /_api/transaction/${committed}`);
    await target.ask(`DELETE /_api/transaction/${aborted}`);
    expectRefusal(await target.ask(`PUT /_api/transaction/${aborted}`), 400, 1653);
    expectRefusal(await target.ask(`DELETE /_api/transaction/${committed}`), 400, 1653);
  });

  check('4.7: use of an ended transaction is 410/1654', async () => {
    const name = await target.collection();
    const id = await begin(name);
    await target.ask(`DELETE /_api/transaction/${id}`);
    expectRefusal(await target.ask(`POST /_api/document/${name}`, {}, within(id)), 410, 1654);
  });

  check('4.7: an unknown id is 404/1655', async () => {
    expectRefusal(await target.ask('GET /_api/transaction/123456789012344'), 404, 1655);
    expectRefusal(await target.ask('PUT /_api/transaction/123456789012344'), 404, 1655);
  });

  check('4.7: a write to a collection not declared is 400/1652', async () => {
    const [declared, other] = [await target.collection(), await target.collection()];
    const id = await begin(declared);
    expectRefusal(await target.ask(`POST /_api/document/${other}`, {}, within(id)), 400, 1652);
  });

  check('4.7: an unknown collection is 404/1203, a body without collections 400/10', async () => {
    const unknown = { collections: { write: 'no_such' } };
    expectRefusal(await target.ask('POST /_api/transaction/begin', unknown), 404, 1203);
    expectRefusal(await target.ask('POST /_api/transaction/begin', {}), 400, 10);
  });

  check('4.7: the list holds running transactions only', async () => {
    const id = await begin(await target.collection());
    expect(await running()).toContain(id);
    expect((await target.ask(`GET /_api/transaction/${id}`)).at('result')).toEqual({ id, status: 'running' });
    await target.ask(`PUT /_api/transaction/${id}`);
    expect(await running()).not.toContain(id);
  });

  check('4.7: of two transactions that write one key the second fails with 409/1200', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const [first, second] = [await begin(name), await begin(name)];
    expect((await target.ask(`PATCH /_api/document/${name}/k`, { a: 1 }, within(first))).status).toBe(202);
    expectRefusal(await target.ask(`PATCH /_api/document/${name}/k`, { a: 2 }, within(second)), 409, 1200);
  });

  check('4.7: a failed operation inside does not abort', async () => {
    const name = await target.collection();
    const id = await begin(name);
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' }, within(id));
    expectRefusal(await target.ask(`POST /_api/document/${name}`, { _key: 'k' }, within(id)), 409, 1210);
    expect((await target.ask(`PUT /_api/transaction/${id}`)).status).toBe(200);
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(1);
  });

  check('4.7: isRestore works inside a transaction', async () => {
    const name = await target.collection();
    const id = await begin(name);
    const path = `POST /_api/document/${name}?isRestore=true&overwriteMode=replace`;
    await target.ask(path, [{ _key: 'k', _rev: '_g69jY-----' }], within(id));
    await target.ask(`PUT /_api/transaction/${id}`);
    expect((await target.ask(`GET /_api/document/${name}/k`)).at('_rev')).toBe('_g69jY-----');
  });
}
