import { expect, test } from 'vitest';
import { replicationFactorOf } from '../../cli/replication-factor-options.ts';

const of = (min?: string, max?: string) =>
  replicationFactorOf({ minReplicationFactor: min, maxReplicationFactor: max });

test('bounds that are not given, or 0, do not bound', () => {
  expect(of()).toEqual({});
  expect(of('0', '0')).toEqual({});
  expect(of('2')).toEqual({ min: 2 });
  expect(of('1', '3')).toEqual({ min: 1, max: 3 });
  expect(of('2', '2')).toEqual({ min: 2, max: 2 });
});

test.each([
  [['two'], '--cluster.min-replication-factor must be a whole number'],
  [['-1'], '--cluster.min-replication-factor must be a whole number'],
  [['1', '1.5'], '--cluster.max-replication-factor must be a whole number'],
  [['1', '101'], '--cluster.max-replication-factor must be a whole number up to 100'],
  [['3', '2'], '--cluster.min-replication-factor (3) is above --cluster.max-replication-factor (2)'],
])('%s is refused', ([min, max], why) => {
  expect(() => of(min, max)).toThrow(why);
});
