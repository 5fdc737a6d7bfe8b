import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 3.4 and 3.5: definitions of views, analyzers, graphs; 4.6: queries are refused by an embedded server. */
export function defineViewsAnalyzersGraphs(target: Target): void {
  const { check } = target;

  async function view(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = fresh('v');
    target.dropLater(`/_api/view/${name}`);
    expect((await target.ask('POST /_api/view', { name, type: 'arangosearch', ...body })).status).toBe(201);
    return name;
  }

  check('3.4: POST view is 201 and bare, with the defaults', async () => {
    const name = fresh('v');
    target.dropLater(`/_api/view/${name}`);
    const answer = await target.ask('POST /_api/view', { name, type: 'arangosearch' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ name, type: 'arangosearch', links: {}, primarySort: [], writebufferIdle: 64 });
    expect(answer.body).not.toHaveProperty('error');
    expect(answer.body).not.toHaveProperty('code');
  });

  check('3.4: GET view is merged, unknown 404/1203', async () => {
    const name = await view();
    expect((await target.ask(`GET /_api/view/${name}`)).body).toMatchObject({ error: false, code: 200, name });
    expectRefusal(await target.ask('GET /_api/view/no_such'), 404, 1203);
  });

  check('3.4: an existing name is 409/1207, also that of a collection', async () => {
    const type = 'arangosearch';
    expectRefusal(await target.ask('POST /_api/view', { name: await view(), type }), 409, 1207);
    expectRefusal(await target.ask('POST /_api/view', { name: await target.collection(), type }), 409, 1207);
  });

  check('3.4: PATCH properties merges links, null removes one, PUT replaces', async () => {
    const collection = await target.collection();
    const name = await view();
    const path = `/_api/view/${name}/properties`;
    const linked = await target.ask(`PATCH ${path}`, { links: { [collection]: { includeAllFields: true } } });
    expect([linked.status, linked.at(`links.${collection}`)]).toMatchObject([200, { analyzers: ['identity'] }]);
    expect((await target.ask(`PATCH ${path}`, { links: { [collection]: null } })).at('links')).toEqual({});
    await target.ask(`PATCH ${path}`, { cleanupIntervalStep: 7 });
    expect((await target.ask(`PUT ${path}`, {})).at('cleanupIntervalStep')).toBe(2);
  });

  check('3.4: DELETE view answers result true', async () => {
    const answer = await target.ask(`DELETE /_api/view/${await view()}`);
    expect([answer.status, answer.body]).toEqual([200, { error: false, code: 200, result: true }]);
  });

  check('3.4: a link to a missing collection is 404/1203', async () => {
    const body = { name: fresh('v'), type: 'arangosearch', links: { no_such: {} } };
    expectRefusal(await target.ask('POST /_api/view', body), 404, 1203);
  });

  check('3.4: an analyzer is 201 when new, 200 when equal, bare, its properties completed', async () => {
    const name = fresh('a');
    target.dropLater(`/_api/analyzer/${name}?force=true`);
    const body = { name, type: 'ngram', properties: { min: 2, max: 3, preserveOriginal: true }, features: [] };
    const made = await target.ask('POST /_api/analyzer', body);
    expect([made.status, made.at('name'), made.at('features')]).toEqual([201, `_system::${name}`, []]);
    expect(made.at('properties')).toMatchObject({ startMarker: '', endMarker: '', streamType: 'binary' });
    expect(made.body).not.toHaveProperty('error');
    expect((await target.ask('POST /_api/analyzer', body)).status).toBe(200);
  });

  check('3.4: an analyzer of the same name and another definition is 400/10', async () => {
    const name = fresh('a');
    target.dropLater(`/_api/analyzer/${name}?force=true`);
    await target.ask('POST /_api/analyzer', { name, type: 'identity' });
    const other = { name, type: 'norm', properties: { locale: 'de', case: 'lower' } };
    expectRefusal(await target.ask('POST /_api/analyzer', other), 400, 10);
  });

  check('3.4: the built-in analyzers are listed with their features', async () => {
    const list = (await target.ask('GET /_api/analyzer')).at('result');
    expect(list).toContainEqual({
      name: 'identity',
      type: 'identity',
      properties: {},
      features: ['frequency', 'norm'],
    });
    const features = ['frequency', 'position', 'norm'];
    expect(list).toContainEqual(expect.objectContaining({ name: 'text_de', type: 'text', features }));
  });

  check('3.4: DELETE analyzer answers its full name', async () => {
    const name = fresh('a');
    await target.ask('POST /_api/analyzer', { name, type: 'identity' });
    const answer = await target.ask(`DELETE /_api/analyzer/${name}`);
    expect(answer.body).toEqual({ error: false, code: 200, name: `_system::${name}` });
  });

  async function graph(): Promise<{ graph: string; edges: string; vertices: string }> {
    const [name, edges, vertices] = [fresh('g'), fresh('e'), fresh('w')];
    target.dropLater(`/_api/gharial/${name}?dropCollections=true`);
    const edgeDefinitions = [{ collection: edges, from: [vertices], to: [vertices] }];
    const answer = await target.ask('POST /_api/gharial', { name, edgeDefinitions });
    expect([answer.status, answer.at('graph')]).toMatchObject([202, { name, edgeDefinitions, orphanCollections: [] }]);
    expect(answer.header('etag')).toBe(answer.textAt('graph._rev'));
    return { graph: name, edges, vertices };
  }

  check('3.5: POST graph is 202, makes its collections and has an unquoted etag', async () => {
    const { edges, vertices } = await graph();
    expect((await target.ask(`GET /_api/collection/${edges}`)).at('type')).toBe(3);
    expect((await target.ask(`GET /_api/collection/${vertices}`)).at('type')).toBe(2);
  });

  check('3.5: a graph is a document of _graphs', async () => {
    const { graph: name } = await graph();
    expect((await target.ask(`GET /_api/document/_graphs/${name}`)).at('_id')).toBe(`_graphs/${name}`);
  });

  check('3.5: an existing graph is 409/1925, an unknown one 404/1924', async () => {
    const { graph: name } = await graph();
    expectRefusal(await target.ask('POST /_api/gharial', { name, edgeDefinitions: [] }), 409, 1925);
    expectRefusal(await target.ask('GET /_api/gharial/no_such'), 404, 1924);
  });

  check('3.5: vertices and edges are written 202 through the graph', async () => {
    const { graph: name, edges, vertices } = await graph();
    const base = `/_api/gharial/${name}`;
    for (const _key of ['a', 'b']) {
      const answer = await target.ask(`POST ${base}/vertex/${vertices}`, { _key });
      expect([answer.status, answer.at('vertex._id')]).toEqual([202, `${vertices}/${_key}`]);
    }
    const edge = { _key: 'e', _from: `${vertices}/a`, _to: `${vertices}/b` };
    expect((await target.ask(`POST ${base}/edge/${edges}`, edge)).at('edge._key')).toBe('e');
    const removed = await target.ask(`DELETE ${base}/vertex/${vertices}/a`);
    expect([removed.status, removed.at('removed')]).toEqual([202, true]);
    expectRefusal(await target.ask(`GET /_api/document/${edges}/e`), 404, 1202);
  });

  check('1.4: a collection of a graph cannot be dropped: 1942', async () => {
    const { edges } = await graph();
    expect((await target.ask(`DELETE /_api/collection/${edges}`)).at('errorNum')).toBe(1942);
  });

  check('3.5: DELETE graph is 202 and drops its collections on demand', async () => {
    const { graph: name, edges } = await graph();
    const answer = await target.ask(`DELETE /_api/gharial/${name}?dropCollections=true`);
    expect([answer.status, answer.body]).toEqual([202, { error: false, code: 202, removed: true }]);
    expectRefusal(await target.ask(`GET /_api/collection/${edges}`), 404, 1203);
  });

  check('3.5: an AQL function is 201 when new, 200 when replaced', async () => {
    const name = `conformance::${fresh('f')}`;
    target.dropLater(`/_api/aqlfunction/${encodeURIComponent(name)}`);
    const body = { name, code: 'function () { return 1; }', isDeterministic: true };
    const [made, again] = [
      await target.ask('POST /_api/aqlfunction', body),
      await target.ask('POST /_api/aqlfunction', body),
    ];
    expect([made.status, made.at('isNewlyCreated'), again.status]).toEqual([201, true, 200]);
  });

  if (target.canMisbehave !== undefined) {
    check('4.6: a server without AQL says so with 501/9', async () => {
      expectRefusal(await target.ask('POST /_api/cursor', { query: 'RETURN 1' }), 501, 9);
    });
  }
}
