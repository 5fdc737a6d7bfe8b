import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTable } from '../../../cli/table.ts';
import { client, tlsCa } from '../../master/support/certificates.ts';
import { until } from '../../master/support/until.ts';
import { type Credentials, callers, HttpsCaller } from './support/callers.ts';
import { Conformance } from './support/conformance.ts';
import { HttpsDatacenter } from './support/https-datacenter.ts';
import { type TableRow, tableOfCalls, tableOfWorkerCalls } from './support/table-of-calls.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

let source: HttpsDatacenter;
let target: HttpsDatacenter;
let ports: { source: number; target: number; worker: number };
const open: HttpsCaller[] = [];

beforeAll(async () => {
  [source, target] = await Promise.all([HttpsDatacenter.open(), HttpsDatacenter.open()]);
  await source.ask('POST', '/_api/database', { name: 'd' });
  await source.ask('POST', '/_db/d/_api/collection', { name: 'c' });
  await source.ask('POST', '/_db/d/_api/document/c', { _key: 'one' });
  const masters = await Promise.all([source.startMaster(), target.startMaster()]);
  const workers = await Promise.all([source.startWorker(), target.startWorker()]);
  ports = { source: masters[0].port, target: masters[1].port, worker: workers[1].port };
  const operator = callerOf(ports.target, callers['right JWT']);
  await operator.ask('POST', '/_api/sync', configuration());
  await until('it runs', async () => {
    const { shards } = JSON.parse((await operator.ask('GET', '/_api/sync')).text);
    return shards?.length > 0 && shards.every(({ status }: { status: string }) => status === 'running');
  });
});

afterAll(async () => {
  await Promise.all(open.map((caller) => caller.close()));
  await Promise.all([target?.stop(), source?.stop()]);
});

function callerOf(port: number, credentials: Credentials): HttpsCaller {
  const workerCa = target.masters[0]?.master.workerAuthority.certificate;
  const ca = port === ports.worker ? workerCa : undefined;
  const caller = new HttpsCaller(port, credentials, ca === undefined ? {} : { ca });
  open.push(caller);
  return caller;
}

function configuration(): object {
  const { certificate: clientCertificate, key: clientKey } = client;
  return {
    source: [`https://127.0.0.1:${ports.source}/`],
    authentication: { clientCertificate, clientKey, clientToken: '', caCertificate: tlsCa.certificate },
  };
}

/** What `{…}` in the table stands for now. */
async function filled(call: string): Promise<[method: Method, path: string]> {
  const state = target.masters[0]?.master.state;
  const task = [...(state?.tasks.values() ?? [])].find(({ type }) => type === 'receive-shard');
  const values: Record<string, string | undefined> = {
    task: task?.taskId,
    channel: task?.channels.data,
    worker: [...(state?.workers.byId.keys() ?? [])][0],
    target: [...(source.masters[0]?.master.state.outgoing.keys() ?? [])][0],
  };
  const text = call.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(values[name] ?? 'gone'));
  return text.split(' ') as [Method, string];
}

async function seen(rows: readonly TableRow[], portOf: (row: TableRow) => number) {
  const documents = new Map<number, Conformance>();
  const table: { readonly row: TableRow; readonly statuses: number[] }[] = [];
  for (const row of rows) {
    const port = portOf(row);
    const conformance = documents.get(port) ?? (await conformanceOf(port));
    documents.set(port, conformance);
    const [method, path] = await filled(row.call);
    const body = row.body === 'configure' ? configuration() : row.body;
    const statuses: number[] = [];
    for (const credentials of Object.values(callers)) {
      const exchange = await callerOf(port, credentials).ask(method, path, body);
      conformance.check(exchange);
      statuses.push(exchange.status);
    }
    table.push({ row, statuses });
  }
  return table;
}

async function conformanceOf(port: number): Promise<Conformance> {
  const { text } = await callerOf(port, callers['right JWT']).ask('GET', '/_api/openapi.json');
  return new Conformance(JSON.parse(text));
}

function print(title: string, table: Awaited<ReturnType<typeof seen>>): void {
  const nameOf = ({ call, body, at }: TableRow) =>
    `${call}${body === undefined ? '' : ` ${body === 'configure' ? '{source, …}' : JSON.stringify(body)}`}${at === undefined ? '' : ` (at the ${at})`}`;
  const rows = table.map(({ row, statuses }) => [nameOf(row), ...statuses.map(String)]);
  console.log(`${title}\n${formatTable(['Call', ...Object.keys(callers)], rows)}`);
}

describe('every call by every caller, over HTTPS and with a database behind', () => {
  it('is answered by a master as the table says', async () => {
    const table = await seen(tableOfCalls, ({ at }) => ports[at ?? 'target']);
    print('A master', table);
    expect(table.map(({ row: { call }, statuses }) => [call, ...statuses])).toEqual(
      tableOfCalls.map(({ call, statuses }) => [call, ...statuses]),
    );
  });

  it('is answered by a worker as the table says', async () => {
    const table = await seen(tableOfWorkerCalls, () => ports.worker);
    print('A worker', table);
    expect(table.map(({ row: { call }, statuses }) => [call, ...statuses])).toEqual(
      tableOfWorkerCalls.map(({ call, statuses }) => [call, ...statuses]),
    );
  });
});
