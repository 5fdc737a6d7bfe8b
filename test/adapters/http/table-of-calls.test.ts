import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTable } from '../../../cli/table.ts';
import { callers } from './support/callers.ts';
import { RunningPair } from './support/running-pair.ts';
import { type TableRow, tableOfCalls, tableOfWorkerCalls } from './support/table-of-calls.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

let pair: RunningPair;

beforeAll(async () => {
  pair = await RunningPair.start();
});

afterAll(() => pair?.stop());

/** What `{…}` in the table stands for now. */
async function filled(call: string): Promise<[method: Method, path: string]> {
  const state = pair.target.masters[0]?.master.state;
  const task = [...(state?.tasks.values() ?? [])].find(({ type }) => type === 'receive-shard');
  const values: Record<string, string | undefined> = {
    task: task?.taskId,
    channel: task?.channels.data,
    worker: [...(state?.workers.byId.keys() ?? [])][0],
    target: [...(pair.source.masters[0]?.master.state.outgoing.keys() ?? [])][0],
  };
  const text = call.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(values[name] ?? 'gone'));
  return text.split(' ') as [Method, string];
}

async function seen(rows: readonly TableRow[], portOf: (row: TableRow) => number) {
  const table: { readonly row: TableRow; readonly statuses: number[] }[] = [];
  for (const row of rows) {
    const port = portOf(row);
    const [method, path] = await filled(row.call);
    const body = row.body === 'configure' ? pair.configuration() : row.body;
    const statuses: number[] = [];
    for (const credentials of Object.values(callers)) {
      statuses.push((await pair.caller(port, credentials).ask(method, path, body)).status);
    }
    table.push({ row, statuses });
  }
  return table;
}

function print(title: string, table: Awaited<ReturnType<typeof seen>>): void {
  const nameOf = ({ call, body, at }: TableRow) =>
    `${call}${body === undefined ? '' : ` ${body === 'configure' ? '{source, …}' : JSON.stringify(body)}`}${at === undefined ? '' : ` (at the ${at})`}`;
  const rows = table.map(({ row, statuses }) => [nameOf(row), ...statuses.map(String)]);
  console.log(`${title}\n${formatTable(['Call', ...Object.keys(callers)], rows)}`);
}

describe('every call by every caller, over HTTPS and with a database behind', () => {
  it('is answered by a master as the table says', async () => {
    const table = await seen(tableOfCalls, ({ at }) => pair.ports[at ?? 'target']);
    print('A master', table);
    expect(table.map(({ row: { call }, statuses }) => [call, ...statuses])).toEqual(
      tableOfCalls.map(({ call, statuses }) => [call, ...statuses]),
    );
  });

  it('is answered by a worker as the table says', async () => {
    const table = await seen(tableOfWorkerCalls, () => pair.ports.worker);
    print('A worker', table);
    expect(table.map(({ row: { call }, statuses }) => [call, ...statuses])).toEqual(
      tableOfWorkerCalls.map(({ call, statuses }) => [call, ...statuses]),
    );
  });
});
