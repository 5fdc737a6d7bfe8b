import { beforeEach, describe, expect, test } from 'vitest';
import type { WriteRequest } from '../../../../src/adapters/embedded/engine/types.ts';
import { errorOf, errorsOf, messageOf, revOf, TestServer } from './support.ts';

let server: TestServer;

beforeEach(() => {
  server = new TestServer();
});

function json(key: string, into = 'c') {
  const text = server.text(key, into);
  return text === undefined ? undefined : JSON.parse(text);
}

describe('insert', () => {
  test('stored order is _key, _id, _from, _to, _rev, then the rest as it came', () => {
    server.insert('{"z":1,"_rev":"given","_to":"c/2","_id":"x/y","_from":"c/1","a":[1, 2],"_key":"k","_other":true}', {
      into: 'e',
    });
    expect(server.text('k', 'e')).toBe(
      '{"_key":"k","_id":"e/k","_from":"c/1","_to":"c/2","_rev":"_g69jY-----","z":1,"a":[1,2],"_other":true}',
    );
  });

  test('document collections drop _from and _to', () => {
    server.insert({ _key: 'k', _from: 'c/1', _to: 'c/2' });
    expect(server.text('k')).toBe('{"_key":"k","_id":"c/k","_rev":"_g69jY-----"}');
  });

  test('items fail alone, with the numbers of 4.3', () => {
    const body =
      '[{"_key":"a"},1,{"_key":1},{"_key":""},{"_key":"a/b"},{"_key":"a"},{"_key":"ä"},null,"x",{"_key":"b"}]';
    expect(errorsOf(server.insert(body))).toEqual([0, 1227, 1221, 1221, 1221, 1210, 1221, 1227, 1227, 0]);
    expect(messageOf(server.insert({ _key: 'a' })[0])).toBe(
      "unique constraint violated - in index primary of type primary over '_key'; conflicting key: a",
    );
  });

  test('edges need _from and _to of the form collection/key', () => {
    const body = [
      {},
      { _from: 'a/1' },
      { _from: 'a/1', _to: 'b' },
      { _from: 1, _to: 'b/1' },
      { _from: 'a/1', _to: 'b/1/2' },
      { _from: 'a/1', _to: 'b/2' },
    ];
    expect(errorsOf(server.insert(body, { into: 'e' }))).toEqual([1233, 1233, 1233, 1233, 1233, 0]);
  });

  test('keys of 1 to 254 bytes of the allowed letters', () => {
    const letters = "ABCxyz019_-:.@()+,=;$!*'%";
    expect(
      errorsOf(
        server.insert([{ _key: letters }, { _key: 'x'.repeat(254) }, { _key: 'x'.repeat(255) }, { _key: 'a b' }]),
      ),
    ).toEqual([0, 0, 1221, 1221]);
    expect(json(letters)._id).toBe(`c/${letters}`);
  });

  test('user keys can be refused, but not with isRestore', () => {
    server.collection('nokeys', 2, { keyOptions: { type: 'traditional', allowUserKeys: false } });
    expect(errorOf(server.insert({ _key: 'a' }, { into: 'nokeys' })[0])).toBe(1222);
    expect(errorOf(server.insert({ _key: 'a' }, { into: 'nokeys', isRestore: true })[0])).toBe(0);
    expect(errorOf(server.insert({}, { into: 'nokeys' })[0])).toBe(0);
  });

  test.each([
    ['ignore', '{"_key":"k","_id":"c/k","_rev":"_g69jY-----","a":1,"o":{"x":1}}', false],
    ['replace', '{"_key":"k","_id":"c/k","_rev":"_g69jY----_","o":{"y":2},"b":null}', true],
    ['update', '{"_key":"k","_id":"c/k","_rev":"_g69jY----_","a":1,"o":{"x":1,"y":2}}', true],
  ] as const)('overwriteMode %s', (overwriteMode, text, hasOldRev) => {
    server.insert({ _key: 'k', a: 1, o: { x: 1 } });
    const [outcome] = server.insert({ _key: 'k', o: { y: 2 }, b: null }, { overwriteMode });
    expect(server.text('k')).toBe(text);
    expect(outcome).toMatchObject({ ok: true, oldRev: hasOldRev ? '_g69jY-----' : undefined });
  });
});

describe('key generators', () => {
  const keysOf = (keyOptions: object, count: number, given?: string) => {
    server.collection('k', 2, { keyOptions });
    if (given !== undefined) server.insert({ _key: given }, { into: 'k' });
    return server
      .insert(
        Array.from({ length: count }, () => ({})),
        { into: 'k' },
      )
      .map((outcome) => (outcome.ok ? outcome.key : ''));
  };

  test('autoincrement goes on behind what was given', () => {
    expect(keysOf({ type: 'autoincrement', offset: 10, increment: 5 }, 3)).toEqual(['10', '15', '20']);
    server.insert({ _key: '42' }, { into: 'k' });
    server.insert({}, { into: 'k' });
    expect(json('45', 'k')).toBeDefined();
    expect(server.engine.demandCollection('_system', 'k').keys.describe()).toEqual({
      allowUserKeys: true,
      type: 'autoincrement',
      offset: 10,
      increment: 5,
      lastValue: 45,
    });
  });

  test('traditional keys are larger than every numeric key given', () => {
    expect(keysOf({ type: 'traditional' }, 2, '5000')).toEqual(['5001', '5002']);
  });

  test('padded keys are hexadecimal and of 16 digits', () => {
    for (const key of keysOf({ type: 'padded' }, 2)) expect(key).toMatch(/^[0-9a-f]{16}$/);
  });

  test('uuid', () => {
    for (const key of keysOf({ type: 'uuid' }, 2))
      expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('replace, update, remove', () => {
  beforeEach(() => {
    server.insert('{"_key":"k","a":1.0,"o":{"x":1,"d":{"p":1}},"n":null}');
  });

  const patch = (body: string, options: Partial<WriteRequest> = {}) => {
    const [outcome] = server.write('update', body, options).outcomes;
    expect(errorOf(outcome)).toBe(0);
    return server.text('k')?.replace('{"_key":"k","_id":"c/k","_rev":"_g69jY----_",', '{');
  };

  test('a patch keeps the order, merges objects, appends new sub-attributes by name', () => {
    expect(patch('{"_key":"k","z":2,"o":{"w":1,"b":2,"d":{"q":1e3},"x":5},"a":"A"}')).toBe(
      '{"a":"A","o":{"x":5,"d":{"p":1,"q":1e3},"b":2,"w":1},"n":null,"z":2}',
    );
  });

  test('mergeObjects=false replaces objects', () => {
    expect(patch('{"_key":"k","o":{"w":1}}', { mergeObjects: false })).toBe('{"a":1.0,"o":{"w":1},"n":null}');
  });

  test('keepNull=false removes what the patch sets to null; stored nulls stay', () => {
    expect(patch('{"_key":"k","a":null,"o":{"x":null,"y":null},"new":{"u":null,"v":1}}', { keepNull: false })).toBe(
      '{"o":{"d":{"p":1}},"n":null,"new":{"v":1}}',
    );
  });

  test('keepNull is true by default', () => {
    expect(patch('{"_key":"k","a":null}')).toBe('{"a":null,"o":{"x":1,"d":{"p":1}},"n":null}');
  });

  test('an empty patch writes nothing and keeps the revision, but not with isRestore', () => {
    const { lastTick } = server.engine;
    expect(server.write('update', { _key: 'k' }).outcomes).toMatchObject([
      { ok: true, rev: '_g69jY-----', oldRev: '_g69jY-----' },
    ]);
    expect(server.engine.lastTick).toBe(lastTick);
    expect(server.write('update', { _key: 'k', _rev: '_kEJrpFq--_' }, { isRestore: true }).outcomes).toMatchObject([
      { rev: '_kEJrpFq--_' },
    ]);
  });

  test('a replace that changes nothing makes a new revision', () => {
    expect(server.write('replace', '{"_key":"k","a":1.0}').outcomes).toMatchObject([
      { rev: '_g69jY----_', oldRev: '_g69jY-----' },
    ]);
    expect(server.text('k')).toBe('{"_key":"k","_id":"c/k","_rev":"_g69jY----_","a":1.0}');
  });

  test('revisions are demanded by ifMatch, or by ignoreRevs=false and _rev', () => {
    const conflict = [
      {
        ok: false,
        errorNum: 1200,
        demanded: true,
        storedRev: '_g69jY-----',
        message: 'conflict, _rev values do not match',
      },
    ];
    expect(server.write('replace', { _key: 'k', _rev: 'x' }, { ignoreRevs: false }).outcomes).toMatchObject(conflict);
    expect(server.write('replace', { _key: 'k' }, { ifMatch: 'x' }).outcomes).toMatchObject(conflict);
    expect(server.write('remove', [{ _key: 'k', _rev: 'x' }], { ignoreRevs: false }).outcomes).toMatchObject(conflict);
    expect(server.write('remove', [{ _key: 'k', _rev: 'x' }]).outcomes).toMatchObject([
      { ok: true, rev: '_g69jY-----' },
    ]);
  });

  test('keys in bulks: by _key, by _id, as text cut at its last slash; the errors of 4.3', () => {
    expect(
      errorsOf(server.write('update', '[{},{"_key":1},{"_key":""},{"_id":"c/k","x":1},{"_key":"none"},3]').outcomes),
    ).toEqual([1205, 1221, 1221, 0, 1202, 1227]);
    server.insert([{ _key: '2' }, { _key: '3' }]);
    expect(errorsOf(server.write('remove', '["other/2",{"_id":"c/3"},"k","k",7]').outcomes)).toEqual([
      0, 0, 0, 1202, 1227,
    ]);
    expect(server.keys()).toEqual([]);
  });

  test('the same key twice in one bulk: in order', () => {
    expect(
      errorsOf(
        server.write('replace', [
          { _key: 'k', n: 1 },
          { _key: 'k', n: 2 },
        ]).outcomes,
      ),
    ).toEqual([0, 0]);
    expect(json('k').n).toBe(2);
  });

  test('a key from the URL overrules the one in the body', () => {
    const item = { text: undefined, key: 'k' };
    expect(
      server.engine.write('_system', 'c', { kind: 'remove', bulk: false, items: [{ key: item.key }] }).outcomes,
    ).toMatchObject([{ ok: true, key: 'k' }]);
  });

  test('versionAttribute: not newer is not written', () => {
    server.insert({ _key: 'v', ver: 5 });
    const write = (ver: unknown) => server.write('replace', { _key: 'v', ver }, { versionAttribute: 'ver' }).outcomes;
    const rev = json('v')._rev;
    expect(write(5)).toMatchObject([{ ok: true, rev, oldRev: rev }]);
    expect(write(4.5)).toMatchObject([{ ok: true, rev, oldRev: rev }]);
    expect(write(6)).toMatchObject([{ ok: true, oldRev: rev }]);
    expect(json('v').ver).toBe(6);
    write('text');
    expect(json('v').ver).toBe('text');
  });

  test('shard keys must not change: 1469, unless isRestore', () => {
    server.insert({ _key: 's', region: 'eu' });
    const shardKeys = ['region'];
    expect(errorOf(server.write('update', { _key: 's', region: 'us' }, { shardKeys }).outcomes[0])).toBe(1469);
    expect(errorOf(server.write('update', { _key: 's', x: 1 }, { shardKeys }).outcomes[0])).toBe(0);
    expect(errorOf(server.write('replace', { _key: 's', x: 1 }, { shardKeys }).outcomes[0])).toBe(1469);
    expect(errorOf(server.write('replace', { _key: 's', x: 1 }, { shardKeys, isRestore: true }).outcomes[0])).toBe(0);
  });

  test('edges keep _from and _to in a patch, and can change them', () => {
    server.insert({ _key: 'x', _from: 'c/1', _to: 'c/2' }, { into: 'e' });
    server.write('update', { _key: 'x', _to: 'c/3' }, { into: 'e' });
    expect(json('x', 'e')).toMatchObject({ _from: 'c/1', _to: 'c/3' });
    expect(errorOf(server.write('replace', { _key: 'x' }, { into: 'e' }).outcomes[0])).toBe(1233);
  });
});

describe('isRestore, exactly (4.4)', () => {
  const restore = (body: unknown) => server.insert(body, { isRestore: true, overwriteMode: 'replace' });

  test('keeps _rev verbatim, rubbish included; without a text a fresh one', () => {
    restore([
      { _key: 'a', _rev: '_kEJrpFq--_' },
      { _key: 'b', _rev: '1234' },
      { _key: 'r', _rev: 'rubb"ish' },
      { _key: 'n', _rev: 7 },
      { _key: 'm' },
    ]);
    expect(json('a')._rev).toBe('_kEJrpFq--_');
    expect(json('b')._rev).toBe('1234');
    expect(json('r')._rev).toBe('rubb"ish');
    expect(json('n')._rev).toBe('_g69jY-----');
    expect(json('m')._rev).toBe('_g69jY----_');
    expect(revOf(restore({ _key: 'r', _rev: 'other rubbish' })[0])).toBe('other rubbish');
    expect(server.keys()).toEqual(['b', 'n', 'm', 'a', 'r']);
  });

  test('equal revisions of two documents of one shard fail loudly', () => {
    restore({ _key: 'a', _rev: '_kEJrpFq--_' });
    const [outcome] = restore({ _key: 'b', _rev: '_kEJrpFq--_' });
    expect(outcome).toMatchObject({ ok: false, errorNum: 18 });
    expect(server.text('b')).toBeUndefined();
    // The same document again, a replaced one, and another collection are fine.
    expect(errorOf(restore({ _key: 'a', _rev: '_kEJrpFq--_', n: 1 })[0])).toBe(0);
    restore({ _key: 'a', _rev: '_kEJrpFq--A' });
    expect(errorOf(restore({ _key: 'b', _rev: '_kEJrpFq--_' })[0])).toBe(0);
    expect(
      errorOf(
        server.insert({ _key: 'z', _from: 'c/1', _to: 'c/2', _rev: '_kEJrpFq--_' }, { into: 'e', isRestore: true })[0],
      ),
    ).toBe(0);
  });

  test('a bulk may free a revision before it is used again', () => {
    restore([{ _key: 'a', _rev: '_kEJrpFq--_' }]);
    expect(
      errorsOf(
        restore([
          { _key: 'a', _rev: '_kEJrpFq--A' },
          { _key: 'b', _rev: '_kEJrpFq--_' },
        ]),
      ),
    ).toEqual([0, 0]);
  });

  test('numeric keys move the generator', () => {
    restore({ _key: '9000' });
    expect(server.insert({})).toMatchObject([{ key: '9001' }]);
  });

  test('update and replace keep it too', () => {
    restore({ _key: 'a', n: 1 });
    server.write('update', { _key: 'a', _rev: '_kEJrpFq--B' }, { isRestore: true });
    expect(json('a')).toEqual({ _key: 'a', _id: 'c/a', _rev: '_kEJrpFq--B', n: 1 });
    server.write('replace', { _key: 'a', _rev: '_kEJrpFq--C' }, { isRestore: true });
    expect(json('a')).toEqual({ _key: 'a', _id: 'c/a', _rev: '_kEJrpFq--C' });
  });
});

test('synced: by request or collection, only if an item succeeded, collection ignored with isRestore', () => {
  server.collection('w', 2, { waitForSync: true });
  expect(server.write('insert', {}).synced).toBe(false);
  expect(server.write('insert', {}, { waitForSync: true }).synced).toBe(true);
  expect(server.write('insert', {}, { into: 'w' }).synced).toBe(true);
  expect(server.write('insert', { _key: 'r' }, { into: 'w', isRestore: true }).synced).toBe(false);
  expect(server.write('insert', [1, 2], { into: 'w' }).synced).toBe(false);
});

test('a follower gets the same bytes under its own ticks', () => {
  const follower = new TestServer();
  const copy = (result: ReturnType<TestServer['write']>) =>
    follower.engine.applyChanges('_system', 'c', result.changes);
  copy(server.write('insert', [{ _key: 'a', n: 1 }, { _key: 'b' }]));
  copy(server.write('update', { _key: 'a', n: 2 }));
  copy(server.write('remove', ['b', 'x']));
  expect(follower.keys()).toEqual(['a']);
  expect(follower.text('a')).toBe(server.text('a'));
  expect(follower.collectionC.tree.toJson(true)).toBe(server.collectionC.tree.toJson(true));
});
