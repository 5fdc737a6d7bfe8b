import { describe, expect, test } from 'vitest';
import { ArangoError } from '../../../src/replication/arango.ts';
import { canonical } from '../../../src/replication/target/index-difference.ts';
import { SHELVED_MS, ShelvedSteps } from '../../../src/replication/target/shelved-steps.ts';
import type { Step } from '../../../src/replication/target/structure-steps.ts';

const index = (fields: string[]): Step => ({
  ...{ kind: 'create-index', database: 'd', collection: 'c' },
  index: { type: 'persistent', name: 'i', fields },
});
const noIndex: Step = { kind: 'drop-index', database: 'd', collection: 'c', index: 'i' };
const other: Step = { kind: 'drop-index', database: 'd', collection: 'c', index: 'another' };
const refusal = (status: number) => new ArangoError(status, 10, 'invalid index type');
const nothing = new Map<Step, ArangoError>();

function shelf() {
  let now = 0;
  const pass = (ms: number) => {
    now += ms;
  };
  return { steps: new ShelvedSteps(() => now), pass };
}

describe('a step that does not come out as it was asked for', () => {
  test('is done once, and the way is not cleared for it again and again', () => {
    const { steps } = shelf();
    const wanted = index(['a']);
    expect(steps.waiting([wanted]).size).toBe(0);
    // Made, and the target shows another one: it would have to be dropped and made again.
    const told = steps.settle([wanted], nothing, [noIndex, wanted]);
    expect([...told]).toEqual([[wanted, expect.stringContaining('tells something else')]]);
    const plan = [noIndex, structuredClone(wanted), other];
    expect([...steps.waiting(plan)].map(canonical).sort()).toEqual([noIndex, wanted].map(canonical).sort());
    expect([...steps.settle([other], nothing, [noIndex, wanted]).keys()]).toEqual([wanted]);
  });

  test('is done when it is another one', () => {
    const { steps } = shelf();
    steps.settle([index(['a'])], nothing, [noIndex, index(['a'])]);
    expect(steps.waiting([noIndex, index(['b'])]).size).toBe(0);
  });

  test('is forgotten once the target shows it', () => {
    const { steps } = shelf();
    steps.settle([index(['a'])], nothing, [index(['a'])]);
    expect(steps.settle([], nothing, []).size).toBe(0);
    expect(steps.waiting([index(['a'])]).size).toBe(0);
  });
});

describe('a step that is refused', () => {
  test.each([400, 403, 501])('for what it is (%i) waits, named by the refusal, and is tried again later', (status) => {
    const { steps, pass } = shelf();
    const wanted = index(['a']);
    expect([...steps.settle([], new Map([[wanted, refusal(status)]]), [wanted]).values()]).toEqual([
      'invalid index type',
    ]);
    pass(SHELVED_MS - 1);
    expect(steps.waiting([wanted]).size).toBe(1);
    pass(1);
    expect(steps.waiting([wanted]).size).toBe(0);
    // An upgrade of the target lets it be made.
    expect(steps.settle([wanted], nothing, []).size).toBe(0);
  });

  test.each([409, 500, 503])('by something that passes (%i) is not shelved', (status) => {
    const { steps } = shelf();
    const wanted = index(['a']);
    expect(steps.settle([], new Map([[wanted, refusal(status)]]), [wanted]).size).toBe(0);
    expect(steps.waiting([wanted]).size).toBe(0);
  });
});
