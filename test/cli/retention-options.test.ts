import { expect, it } from 'vitest';
import { retentionOf } from '../../cli/events/retention-options.ts';

const options = (keepEvents?: string, archiveFolder?: string) => retentionOf({ keepEvents, archiveFolder });

it('keeps all events unless told otherwise', () => {
  expect(options()).toBeUndefined();
});

it('takes a duration or a number of commits', () => {
  expect(options('90d', '/archive')).toEqual({ keep: { kind: 'age', ms: 90 * 86_400_000 }, archive: '/archive' });
  expect(options('5000', '/archive')).toEqual({ keep: { kind: 'count', commits: 5_000 }, archive: '/archive' });
});

it.each([
  ['90d', undefined, '--events.keep goes with --events.archive'],
  [undefined, '/archive', '--events.archive goes with --events.keep'],
  ['10', '/archive', '--events.keep must be at least 1000 commits'],
  ['5m', '/archive', '--events.keep must be at least 1h'],
  ['long', '/archive', '--events.keep must be a duration such as 90d'],
])('refuses %s with %s', (keep, archive, text) => {
  expect(() => options(keep, archive)).toThrow(text);
});
