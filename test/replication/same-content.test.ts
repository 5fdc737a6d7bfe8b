import { describe, expect, test } from 'vitest';
import { hasMember, withoutMembers } from '../../src/replication/json-members.ts';
import { isSameContent } from '../../src/replication/same-content.ts';

const without = (text: string, ...names: string[]) =>
  Buffer.concat(withoutMembers(Buffer.from(text), new Set(names))).toString();

const isSame = (a: string, b: string, withRevision = false) =>
  isSameContent(Buffer.from(a), Buffer.from(b), withRevision);

describe('members that are taken away', () => {
  test.each([
    ['{"_key":"a","_id":"c/a","_rev":"x","n":1.0}', '{"_key":"a","n":1.0}'],
    ['{"_key":"a","_id":"c/a","_rev":"x"}', '{"_key":"a"}'],
    ['{"_rev":"x"}', '{}'],
    ['{}', '{}'],
    ['{ "_rev" : "x" , "a" : {"_rev":"}"} }', '{"a" : {"_rev":"}"}}'],
    ['{"a":"\\"_rev\\"","b":[{"_rev":1}],"_id":1}', '{"a":"\\"_rev\\"","b":[{"_rev":1}]}'],
  ])('%s', (text, left) => {
    expect(without(text, '_id', '_rev')).toBe(left);
  });

  test('what is no object is refused', () => {
    expect(() => without('[1]', '_rev')).toThrow('an object was expected');
    expect(() => without('{"a" 1}', '_rev')).toThrow('an object ends inside of a member');
  });

  test('a member is found on the highest level only', () => {
    expect(hasMember(Buffer.from('{"error":true,"x":{"_rev":"1"}}'), '_rev')).toBe(false);
    expect(hasMember(Buffer.from('{"error":true,"_rev":"1"}'), '_rev')).toBe(true);
  });
});

describe('the same content', () => {
  test('whatever the revision and the name of the collection', () => {
    expect(isSame('{"_key":"a","_id":"c/a","_rev":"x","n":1}', '{"_key":"a","_id":"d/a","_rev":"y","n":1}')).toBe(true);
    expect(isSame('{"_key":"a","_rev":"x","n":1}', '{"_key":"a","_rev":"y","n":1}', true)).toBe(false);
  });

  test.each([
    ['1.0', '1'],
    ['1e3', '1000'],
    ['0.10', '1e-1'],
    ['-0', '0'],
    ['12345678901234567890', '1.2345678901234567890e19'],
    ['{"a":1,"b":[2]}', '{"b":[2.0],"a":1}'],
    ['"\\u00e4"', '"ä"'],
  ])('%s and %s are equal', (a, b) => {
    expect(isSame(`{"_key":"a","n":${a}}`, `{"_key":"a","n":${b}}`)).toBe(true);
  });

  test.each([
    ['9007199254740993', '9007199254740992'],
    ['1', '"1"'],
    ['1', '10'],
    ['-1', '1'],
    ['null', '0'],
    ['[1,2]', '[2,1]'],
    ['{"a":1}', '{"b":1}'],
    ['{}', '[]'],
    ['{"__proto__":1}', '{}'],
  ])('%s and %s are not', (a, b) => {
    expect(isSame(`{"_key":"a","n":${a}}`, `{"_key":"a","n":${b}}`)).toBe(false);
  });

  test('an attribute that one side lacks makes a difference', () => {
    expect(isSame('{"_key":"a","n":null}', '{"_key":"a"}')).toBe(false);
    expect(isSame('{"_key":"a","_from":"v/1","_to":"v/2"}', '{"_key":"a","_from":"v/1","_to":"v/3"}')).toBe(false);
  });
});
