import { expect, test } from 'vitest';
import type { Terminal } from '../../cli/command.ts';
import { MasterRefused } from '../../cli/errors.ts';
import type { MasterCall, MasterClient } from '../../cli/master-client.ts';
import { cancelInSync } from '../../cli/stop/in-sync.ts';

const LONG_MS = 60_000;
const notInSync = () => new MasterRefused(412, '1 of 18 shards are not in sync: nothing was stopped (status 412)');

/** Masters behind whose barrier everything is in sync whenever they are asked, and that refuse the end as told. */
function mastersThatRefuse(refusals: Error[]) {
  const calls: string[] = [];
  const answer = ({ method, path, body }: MasterCall) => {
    calls.push(`${method} ${path}`);
    if (path === '/_api/sync/barrier') return { SourceServerReadonly: true, in_sync_shards: 18, not_in_sync_shards: 0 };
    if (method !== 'DELETE') return { source: [], status: 'inactive' };
    expect(body).toEqual({ ensure_in_sync: true });
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
    return {};
  };
  const masters = {
    ask: async (call, schema) => schema.parse(answer(call)),
    tell: async (call) => void answer(call),
  } as Partial<MasterClient> as MasterClient;
  const stops = () => calls.filter((call) => call === 'DELETE /_api/sync').length;
  return { masters, stops };
}

function terminal(): Terminal {
  return { out: () => undefined, interrupted: new AbortController().signal } as Partial<Terminal> as Terminal;
}

test('a shard that is out of sync again in the last moment is waited for once more', async () => {
  const { masters, stops } = mastersThatRefuse([notInSync(), notInSync()]);
  await cancelInSync(masters, {}, performance.now() + LONG_MS, terminal());
  expect(stops()).toBe(3);
});

test('when the time is up the refusal is told', async () => {
  const { masters, stops } = mastersThatRefuse([notInSync()]);
  await expect(cancelInSync(masters, {}, performance.now() - 1, terminal())).rejects.toThrow('1 of 18 shards');
  expect(stops()).toBe(1);
});

test('another refusal is told at once', async () => {
  const { masters, stops } = mastersThatRefuse([new MasterRefused(403, 'this is not yours to stop')]);
  await expect(cancelInSync(masters, {}, performance.now() + LONG_MS, terminal())).rejects.toThrow('not yours');
  expect(stops()).toBe(1);
});
