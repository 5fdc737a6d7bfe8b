import { describe, expect, test } from 'vitest';
import { TargetHeads } from '../../src/master/target-heads.ts';
import type { OutgoingHeartbeat, WireHead } from '../../src/wire/outgoing.ts';

const head = (position: number, branch = 'x'): WireHead => ({ position, hash: `${position}${branch}` });

function contact(told: Partial<OutgoingHeartbeat>): OutgoingHeartbeat {
  return { target: ['https://b:8629'], channels: { inventory: 'i' }, remembered: head(1, 'source'), ...told };
}

describe('S22: the head of a target’s log', () => {
  test('stays until the target has looked, whoever leads there', () => {
    const heads = new TargetHeads();
    expect(heads.take('b', contact({ head: head(5) }))).toEqual(head(5));
    // The log went back, and has grown again under a leader that knows nothing of it.
    expect(heads.take('b', contact({ head: head(9, 'y') }))).toEqual(head(5));
    expect(heads.take('b', contact({ head: head(9, 'y'), contains: head(5, 'y') }))).toEqual(head(5));
    expect(heads.take('b', contact({ head: head(9), contains: head(4) }))).toEqual(head(5));
    expect(heads.take('b', contact({ head: head(9), contains: head(5) }))).toEqual(head(9));
  });

  test('begins anew with a target that was configured anew, and is each target’s own', () => {
    const heads = new TargetHeads();
    heads.take('b', contact({ head: head(5) }));
    expect(heads.take('c', contact({ head: head(2) }))).toEqual(head(2));
    const { remembered: _, ...first } = contact({ head: head(3, 'y') });
    expect(heads.take('b', first)).toEqual(head(3, 'y'));
    expect(heads.take('b', contact({}))).toEqual(head(3, 'y'));
  });

  test('is not known before it was told, nor in another term', () => {
    const heads = new TargetHeads();
    expect(heads.take('b', contact({}))).toBeUndefined();
    heads.take('b', contact({ head: head(5) }));
    heads.clear();
    expect(heads.take('b', contact({ head: head(9, 'y') }))).toEqual(head(9, 'y'));
  });
});
