import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadMarker, documentIdentity, MarkerCursor, shardKey } from '../../src/replication/markers.ts';

function cursorOver(...lines: string[]): MarkerCursor {
  return new MarkerCursor(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}

function read(line: string) {
  const cursor = cursorOver(line);
  expect(cursor.next()).toBe(true);
  const { type, tick, tid, shardKey: key } = cursor;
  const operation = cursor.isOperation ? cursor.operation().toString() : undefined;
  expect(cursor.next()).toBe(false);
  return { type, tick, tid, key, operation };
}

describe('markers', () => {
  test('the lines of the reference are read', () => {
    expect(read('{"tick":"180619","type":2001,"db":"_system","cuid":"hF3D8AF2E752B/69121"}')).toMatchObject({
      type: 2001,
      tick: '180619',
      key: shardKey('_system', 'hF3D8AF2E752B/69121'),
    });
    expect(
      read(
        '{"tick":"180640","type":2300,"db":"d1","cuid":"hF3D8AF2E752B/97","tid":"0","data":{"_key":"p1","_id":"animals/p1","_rev":"_gjDBOUe---","n":1}}',
      ),
    ).toEqual({
      type: 2300,
      tick: '180640',
      tid: '0',
      key: shardKey('d1', 'hF3D8AF2E752B/97'),
      operation: '+{"_key":"p1","_id":"animals/p1","_rev":"_gjDBOUe---","n":1}\n',
    });
    expect(read('{"tick":"180650","type":2200,"tid":"9411","db":"d1"}')).toMatchObject({ type: 2200, tid: '9411' });
  });

  test('Removals: one tells what it removed only where the server is known to tell that', () => {
    const line =
      '{"tick":"7","type":2302,"db":"d1","cuid":"c1/s2","tid":"9411","data":{"_key":"p\\u0031","_rev":"_gjDBOUe---"}}';
    const operation = (exactBehind?: string) => {
      const cursor = new MarkerCursor(Buffer.from(`${line}\n`), exactBehind);
      expect([cursor.next(), cursor.tid]).toEqual([true, '9411']);
      return cursor.operation().toString();
    };
    expect(operation('6')).toBe('-{"_key":"p\\u0031","_rev":"_gjDBOUe---"}\n');
    for (const untold of [undefined, '7', '10']) expect(operation(untold)).toBe('-{"_key":"p1"}\n');
  });

  test('many lines follow each other, and each operation is untouched by the others', () => {
    const line = (n: number) => `{"tick":"${n}","type":2300,"db":"d","cuid":"c/s","tid":"0","data":{"_key":"k${n}"}}`;
    const cursor = cursorOver(line(1), line(22), line(333));
    const operations: Buffer[] = [];
    while (cursor.next()) operations.push(cursor.operation());
    expect(operations.map(String)).toEqual(['+{"_key":"k1"}\n', '+{"_key":"k22"}\n', '+{"_key":"k333"}\n']);
  });

  test('the last line may lack its end', () => {
    const cursor = new MarkerCursor(
      Buffer.from('{"tick":"1","type":2300,"db":"d","cuid":"c","tid":"0","data":{"_key":"k"}}'),
    );
    expect(cursor.next()).toBe(true);
    expect(cursor.operation().toString().trimEnd()).toBe('+{"_key":"k"}');
  });

  test.each([
    '{"type":2300,"tick":"5","db":"d","cuid":"c","tid":"0","data":{"_key":"k","data":{"x":"}"},"n":1.50}}',
    '{"tick":"5","type":2300,"db":"d","cuid":"c","data":{"_key":"k","data":{"x":"}"},"n":1.50},"tid":"0"}',
    '{"tick":"5","db":"d","cuid":"c","type":2300,"tid":"0", "data" : {"_key":"k","data":{"x":"}"},"n":1.50} }',
    '{"tick":"5","type":2300,"db":"\\u0064","cuid":"c","tid":"0","data":{"_key":"k","data":{"x":"}"},"n":1.50}}',
  ])('another order or spelling of fields gives the same bytes of the document: %s', (line) => {
    expect(read(line)).toEqual({
      type: 2300,
      tick: '5',
      tid: '0',
      key: shardKey('d', 'c'),
      operation: '+{"_key":"k","data":{"x":"}"},"n":1.50}\n',
    });
  });

  test('the names of databases may hold anything', () => {
    for (const name of ['dß ✓', 'a"b', 'back\\slash', 'x,"cuid":"y', '😀']) {
      const line = { tick: '5', type: 2300, db: name, cuid: 'c1/s2', tid: '0', data: { _key: 'k' } };
      expect(read(JSON.stringify(line)).key).toBe(shardKey(name, 'c1/s2'));
    }
  });

  test('any document comes out as the bytes that went in', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.string(), fc.boolean(), (data, db, reorder) => {
        const text = JSON.stringify({ _key: 'k', ...data });
        const head = `"tick":"9","type":2300,"db":${JSON.stringify(db)},"cuid":"c","tid":"4"`;
        const line = reorder ? `{"data":${text},${head}}` : `{${head},"data":${text}}`;
        return read(line).operation === `+${text}\n` && read(line).key === shardKey(db, 'c');
      }),
    );
  });

  test('what is no marker is refused', () => {
    expect(() => cursorOver('<html>').next()).toThrow(BadMarker);
    expect(() => cursorOver('{"type":2300}').next()).toThrow(/no tick/);
    expect(() => cursorOver('{"tick":"1","type":2300,"db":"d","cuid":"c","tid":"0"}').next()).toThrow(/no document/);
  });
});

describe('identity of a document', () => {
  test.each([
    ['{"_key":"k","_id":"c/k","_rev":"_g---","a":1}', 'k', '_g---'],
    ['{"_key":"k","_id":"c/k","_from":"v/1","_to":"v/2","_rev":"_g---"}', 'k', '_g---'],
    ['{"_key":"k","_rev":"_g---"}', 'k', '_g---'],
    ['{"a":{"_key":"no","_rev":"no"},"_rev":"_g---","_key":"k"}', 'k', '_g---'],
    ['{"_key":"k"}', 'k', ''],
    ['{"_key":"a\\u0062","_id":"x","_rev":"_r"}', 'ab', '_r'],
  ])('%s', (text, key, rev) => {
    expect(documentIdentity(Buffer.from(text))).toEqual({ key, rev });
  });

  test('of a large one only the beginning is read', () => {
    const beginning = Buffer.from('{"_key":"k","_id":"c/k","_rev":"_g---","broken":');
    expect(documentIdentity(Buffer.concat([beginning, Buffer.alloc(10_000)]))).toEqual({ key: 'k', rev: '_g---' });
  });
});
