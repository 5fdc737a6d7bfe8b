import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 3.7. */
export function defineImport(target: Target): void {
  const { check } = target;
  const send = (collection: string, text: string, query: string) =>
    target.request({ method: 'POST', path: `/_api/import?collection=${collection}&${query}`, text });
  const NONE = { error: false, created: 0, errors: 0, empty: 0, updated: 0, ignored: 0 };

  check('3.7: lines are imported with 201 and counts, without a code', async () => {
    const answer = await send(await target.collection(), '{"_key":"a"}\n\n{"_key":"b"}\r\n', 'type=documents');
    expect([answer.status, answer.body]).toEqual([201, { ...NONE, created: 2, empty: 1 }]);
  });

  check('3.7: a list is imported', async () => {
    const answer = await send(await target.collection(), '[{"a":1},{"a":2},{"a":3}]', 'type=list');
    expect(answer.body).toEqual({ ...NONE, created: 3 });
  });

  check('3.7: without a type the first line holds the names', async () => {
    const name = await target.collection();
    expect((await send(name, '["_key","x"]\n["a",1]\n["b",2]\n', '')).body).toEqual({ ...NONE, created: 2 });
    expect((await target.ask(`GET /_api/document/${name}/b`)).at('x')).toBe(2);
  });

  check('3.7: onDuplicate errs by default, updates, replaces or ignores', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'a', x: 1 });
    const again = (query: string) => send(name, '{"_key":"a","y":1}\n', `type=documents${query}`);
    expect((await again('')).body).toEqual({ ...NONE, errors: 1 });
    expect((await again('&onDuplicate=ignore')).body).toEqual({ ...NONE, ignored: 1 });
    expect((await again('&onDuplicate=update')).body).toEqual({ ...NONE, updated: 1 });
    expect((await target.ask(`GET /_api/document/${name}/a`)).body).toMatchObject({ x: 1, y: 1 });
    expect((await again('&onDuplicate=replace')).body).toEqual({ ...NONE, updated: 1 });
    expect((await target.ask(`GET /_api/document/${name}/a`)).body).not.toHaveProperty('x');
  });

  check('3.7: complete=true with an error is 409/1210 and imports nothing', async () => {
    const name = await target.collection();
    const answer = await send(name, '{"_key":"a"}\n{"_key":"a"}\n', 'type=documents&complete=true');
    expectRefusal(answer, 409, 1210);
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(0);
  });

  check('3.7: details name position, error and document', async () => {
    const name = await target.collection();
    const answer = await send(name, '{"_key":"a"}\n{"_key":"a"}\n', 'type=documents&details=true');
    const [detail] = answer.at('details') as string[];
    expect(detail).toMatch(/^at position 1: creating document failed with error 'unique constraint violated/);
    expect(detail).toContain('offending document: {"_key":"a"');
  });

  check('3.7: overwrite=true truncates first', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'old' });
    await send(name, '{"_key":"new"}\n', 'type=documents&overwrite=true');
    expectRefusal(await target.ask(`GET /_api/document/${name}/old`), 404, 1202);
  });

  check('3.7: prefixes are set before _from and _to with a slash', async () => {
    const name = await target.collection({ type: 3 });
    await send(name, '{"_key":"e","_from":"a","_to":"b"}\n', 'type=documents&fromPrefix=city&toPrefix=town');
    const { body } = await target.ask(`GET /_api/document/${name}/e`);
    expect(body).toMatchObject({ _from: 'city/a', _to: 'town/b' });
  });

  check('3.7: a _rev in the line is dropped', async () => {
    const name = await target.collection();
    await send(name, '{"_key":"a","_rev":"_g69jY-----"}\n', 'type=documents');
    expect((await target.ask(`GET /_api/document/${name}/a`)).at('_rev')).not.toBe('_g69jY-----');
  });

  check('3.7: an unknown collection is 404/1203, a list that is none 400/400', async () => {
    expectRefusal(await send('no_such', '[]', 'type=list'), 404, 1203);
    expectRefusal(await send(await target.collection(), '{}', 'type=list'), 400, 400);
  });
}
