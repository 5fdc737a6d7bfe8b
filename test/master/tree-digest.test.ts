import { describe, expect, it } from 'vitest';
import { treeDigest } from '../../src/master/checksums/tree-digest.ts';

describe('the digest of a revision tree', () => {
  it('takes count and hash of the top exactly, wherever they stand', () => {
    const nodes = '"nodes":[{"skip":2},{"count":9,"hash":7},{}]';
    expect(treeDigest(`{"version":1,"count":2,"hash":18446744073709551615,${nodes}}`)).toBe('2:18446744073709551615');
    expect(treeDigest(`{${nodes},"hash":1725671806538101241,"count":2}`)).toBe('2:1725671806538101241');
  });

  it('is that of an empty tree too', () => {
    expect(treeDigest('{"count":0,"hash":0,"nodes":[]}')).toBe('0:0');
  });

  it('is not taken from a node, nor from something else', () => {
    expect(treeDigest('{"nodes":[{"count":9,"hash":7}]}')).toBeUndefined();
    expect(treeDigest('{"error":true,"errorNum":4}')).toBeUndefined();
    expect(treeDigest('')).toBeUndefined();
  });
});
