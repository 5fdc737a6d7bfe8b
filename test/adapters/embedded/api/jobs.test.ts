import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Asked, refusal } from './ask.ts';

const stored = { 'x-arango-async': 'store' };

describe('requests that are answered later', () => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode: 'single' });
  });
  afterAll(() => server.stop());

  async function store(call: string): Promise<string> {
    const { status, headers, body } = await server.ask(call, stored);
    expect({ status, body }).toEqual({ status: 202, body: undefined });
    const id = headers.get('x-arango-async-id');
    if (id === null) throw new Error('no id');
    await expect.poll(async () => (await server.ask(`GET /_api/job/${id}`)).status).toBe(200);
    return id;
  }

  test('hand their answer out once, with the id', async () => {
    const id = await store('POST /_api/collection {"name":"later"}');
    const { status, headers, body } = await server.ask(`PUT /_api/job/${id}`);
    expect({ status, name: body.name }).toEqual({ status: 200, name: 'later' });
    expect(headers.get('x-arango-async-id')).toBe(id);
    expect(await server.ask(`PUT /_api/job/${id}`)).toMatchObject(refusal(404, 404));
  });

  test('hand out errors, those of the path too', async () => {
    const missing = await store('GET /_api/collection/none');
    expect(await server.ask(`PUT /_api/job/${missing}`)).toMatchObject(refusal(404, 1203));
    const unknown = await store('GET /_api/nothing-of-the-kind');
    expect(await server.ask(`PUT /_api/job/${unknown}`)).toMatchObject(refusal(404, 404));
  });

  test('are forgotten by id, by age, all', async () => {
    const ids = [await store('GET /_api/version'), await store('GET /_api/version'), await store('GET /_api/version')];
    expect((await server.ask('GET /_api/job/done?count=2')).body).toHaveLength(2);
    await server.make(`DELETE /_api/job/${ids[0]}`, 'DELETE /_api/job/expired?stamp=1');
    expect((await server.ask('GET /_api/job/done')).body).toEqual(ids.slice(1));
    await server.make('DELETE /_api/job/all');
    expect((await server.ask('GET /_api/job/done')).body).toEqual([]);
  });

  test.each([
    ['PUT /_api/job', 400],
    ['GET /_api/job', 400],
    ['GET /_api/job/nothing', 400],
    ['PUT /_api/job/1/nothing', 400],
    ['DELETE /_api/job/expired', 400],
    ['PUT /_api/job/99999999/cancel', 404],
  ])('%s is refused', async (call, status) => {
    expect(await server.ask(call)).toMatchObject(refusal(status, status));
  });

  test.each(['POST /_api/cursor {"query":"RETURN 1"}', 'GET /_api/tasks', 'GET /_api/foxx', 'PUT /_api/simple/all {}'])(
    '%s says that it is not there',
    async (call) => {
      const answer = await server.ask(call);
      expect(answer).toMatchObject(refusal(501, 9));
      expect(answer.body.errorMessage).toContain('not available on the embedded server');
    },
  );
});
