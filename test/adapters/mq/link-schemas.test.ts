import { expect, test } from 'vitest';
import type { Control, FrameHeader } from '../../../src/replication/queue.ts';
import { LinkControl, LinkFrameHeader } from '../../../src/wire/queue-link.ts';

const STREAM = { channel: 'c', stream: 's' };
const FRAME = { ...STREAM, seq: 1 };
const SHARDING = { shards: 3, keys: ['_key'], strategy: 'hash' };
const SERVER = { sourceDeployment: 'A', dbServer: 'P', serverId: '1', cuid: 'c1/s1', from: '10' };

const CONTROLS: readonly Control[] = [
  { kind: 'open', ...STREAM, byContent: true, credit: 1 },
  { kind: 'open', ...STREAM, compare: { since: '_kEJrpFq---' }, credit: 1 },
  { kind: 'absent', ...STREAM, keys: ['a'], of: 'shard' },
  { kind: 'absent', ...STREAM, keys: ['a'], of: 'collection' },
  { kind: 'find', ...STREAM, keys: ['a'] },
  { kind: 'compared', ...STREAM },
  { kind: 'verify', ...STREAM, check: 'tree' },
  { kind: 'verify', ...STREAM, check: { form: 'text', behind: '_kEJrpFq---' } },
  { kind: 'verify', ...STREAM, check: { scan: 0 } },
  { kind: 'verify', ...STREAM, check: { look: ['a'], of: 'everywhere', ends: true } },
];

const FRAMES: readonly FrameHeader[] = [
  { kind: 'opened', ...FRAME, ...SERVER, way: 'content', reason: 'r', expectedDocuments: 3, sharding: SHARDING },
  { kind: 'opened', ...FRAME, ...SERVER, way: 'tail', reason: 'r' },
  { kind: 'absent', ...FRAME },
  { kind: 'found', ...FRAME },
  { kind: 'scanned', ...FRAME, piece: 3, last: false },
  { kind: 'looked', ...FRAME, ends: [{ serverId: '1', tick: '10' }] },
];

test.each(CONTROLS)('a control comes through as it was sent: %j', (control) => {
  expect(LinkControl.parse(JSON.parse(JSON.stringify(control)))).toEqual(control);
});

test.each(FRAMES)('a frame comes through as it was sent: %j', (header) => {
  expect(LinkFrameHeader.parse(JSON.parse(JSON.stringify(header)))).toEqual(header);
});

test.each([
  { kind: 'absent', ...STREAM, keys: [], of: 'shard' },
  { kind: 'absent', ...STREAM, keys: ['a'], of: 'database' },
  { kind: 'find', ...STREAM, keys: [] },
  { kind: 'verify', ...STREAM, check: { look: [], of: 'shard' } },
  { kind: 'open', ...STREAM, byContent: false, credit: 1 },
])('a control that asks for nothing is refused: %j', (control) => {
  expect(LinkControl.safeParse(control).success).toBe(false);
});
