import { expect, test } from 'vitest';
import { differences } from './content.ts';

const document = (u: number) => `{"_key":"a","_rev":"_a","u":${u}}`;

test('whatever is missing, too many or other on the target is told, structure first', () => {
  const source = new Map([
    ['document d/c[0]/a', document(1)],
    ['document d/c[0]/b', '{}'],
    ['collection d/c', '{"waitForSync":true,"schema":null}'],
    ['view d/v', '{}'],
  ]);
  expect(differences(source, source)).toEqual([]);
  const target = new Map([
    ['document d/c[0]/a', document(2)],
    ['collection d/c', '{"waitForSync":false,"schema":null}'],
    ['view d/v', '{}'],
    ['view d/w', '{}'],
  ]);
  expect(differences(source, target)).toEqual([
    'collection d/c: waitForSync true became false',
    'view d/w: only on the target',
    'document d/c[0]/a: u 1 became 2',
    'document d/c[0]/b: missing on the target',
  ]);
});

test('a document in another form is another one, though it says the same', () => {
  const of = (text: string) => new Map([['document d/c[0]/a', text]]);
  expect(differences(of('{"u":9007199254740993}'), of('{"u":9007199254740992}'))).toHaveLength(1);
});
