import { expect, it } from 'vitest';
import { describeStatus } from '../../../cli/status/describe-status.ts';
import type { BothEnds } from '../../../src/wire/both-ends.ts';

const running: BothEnds = { source: ['https://a:8629'], status: 'running', shardsCount: 2, totalShardsCount: 2 };

it('shows what is selected, and what is other on purpose, of many collections in one line', () => {
  const lines = describeStatus(
    {
      ...running,
      selection: { include: ['shop', 'crm/*'], exclude: ['shop/tmp*'] },
      notes: [
        { database: 'shop', note: 'replication factor 2 instead of 3: why', collections: ['a', 'b'], count: 9 },
        { database: 'crm', note: 'the view is made without x: not selected', collections: ['v'], count: 1 },
      ],
    },
    false,
  );
  expect(lines).toContain('Selection: include shop, crm/*; exclude shop/tmp*');
  expect(lines).toContain('Other than on the source: shop/a, b and 7 more: replication factor 2 instead of 3: why');
  expect(lines).toContain('Other than on the source: crm/v: the view is made without x: not selected');
});

it('says nothing of a selection where everything is replicated, and names the last one after a stop', () => {
  expect(describeStatus(running, true).join('\n')).not.toMatch(/[Ss]election|Other than/);
  const stopped: BothEnds = { source: [], status: 'inactive', last_selection: { include: [], exclude: ['tmp'] } };
  expect(describeStatus(stopped, false)).toContain('The last one had the selection exclude tmp');
});

it('the status says what is still to come of a collection apart from what is not replicated', () => {
  const later = 'its index v is made after the copy: a vector index is trained with the documents';
  const problems = [
    { database: 'd', collection: 'c', reason: later },
    { database: 'd', collection: 'x', reason: 'the target has no room' },
  ];
  const lines = describeStatus({ source: ['https://a'], status: 'initial-sync', problems }, false);
  expect(lines).toContain(`Later: d/c: ${later}`);
  expect(lines).toContain('Not replicated: d/x: the target has no room');
});
