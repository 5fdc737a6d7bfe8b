import { describe, expect, test } from 'vitest';
import { hostId, nearestDbServer } from '../../src/adapters/worker-place.ts';

const own = { host: 'w1', addresses: ['machine', '10.0.0.1'], hostId: 'id-1' };
const server = (id: string, host: string, machine = '') => ({ id, host, hostId: machine });

describe('the DB-Server beside a worker', () => {
  test('is the one at its own address', () => {
    expect(nearestDbServer([server('a', 'w1', 'id-2'), server('b', '10.0.0.1', 'id-1')], own)).toBe('a');
  });

  test('is the one at an address of its machine', () => {
    expect(nearestDbServer([server('a', '10.0.0.2'), server('b', '10.0.0.1')], own)).toBe('b');
    expect(nearestDbServer([server('a', 'machine'), server('b', 'elsewhere')], own)).toBe('a');
  });

  test('is the one that names the same machine, whatever its address', () => {
    expect(nearestDbServer([server('a', '172.17.0.2', 'id-1'), server('b', '172.17.0.3', 'id-2')], own)).toBe('a');
  });

  test('is none among several that are alike, or all far away', () => {
    expect(nearestDbServer([server('a', '10.0.0.1'), server('b', '10.0.0.1')], own)).toBeUndefined();
    expect(nearestDbServer([server('a', 'x', 'id-1'), server('b', 'y', 'id-1')], own)).toBeUndefined();
    expect(nearestDbServer([server('a', 'x'), server('b', 'y')], { ...own, hostId: '' })).toBeUndefined();
    expect(nearestDbServer([], own)).toBeUndefined();
  });

  test('this machine has a name in any case', () => {
    expect(hostId({})).not.toBe('');
    expect(hostId({ HOST: 'h', NODE_NAME: 'n' })).toBe('h');
    expect(hostId({ HOST: '', NODE_NAME: 'n' })).not.toBe('');
  });
});
