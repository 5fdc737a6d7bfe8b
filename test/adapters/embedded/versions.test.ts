import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, type EmbeddedOptions, startEmbedded } from '../../../src/adapters/embedded/index.ts';
import { type Features, features } from '../../../src/adapters/embedded/versions/features.ts';
import { fullVersion } from '../../../src/adapters/embedded/versions/release.ts';

let running: EmbeddedDeployment | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

interface Told {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of servers are looked into as they are
  readonly body: any;
}

/** Asks the first endpoint, or the first DB-Server, of a deployment of that version. */
async function started(serverVersion: string, more: Partial<EmbeddedOptions> = {}) {
  running = await startEmbedded({ mode: 'single', serverVersion, ...more });
  const { endpoints, dbServers } = running;
  return async (call: string, body?: unknown, at: 'front' | 'data' = 'front'): Promise<Told> => {
    const [method = 'GET', path = ''] = call.split(' ');
    const server = at === 'front' ? endpoints[0] : (dbServers[0]?.endpoint ?? endpoints[0]);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${server}${path}`, { method, ...sent });
    const text = await answer.text();
    const isJson = text !== '' && answer.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: answer.status,
      headers: answer.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  };
}

describe('the table of features', () => {
  test.each<[keyof Features, readonly string[], readonly string[]]>([
    ['queueTimeHeader', ['3.8.9'], ['3.9.0', '3.12.10']],
    ['securityHeaders', ['3.9.12'], ['3.10.0', '3.11.14']],
    ['encodesAsHlc', ['3.8.7', '3.9.3', '3.10.0'], ['3.8.8', '3.9.4', '3.10.1', '3.11.0', '3.12.0']],
    ['keyErrorsPerItem', ['3.10.14', '3.11.0'], ['3.11.1', '3.12.0']],
    ['deploymentId', ['3.11.14', '3.12.5'], ['3.12.6', '3.12.10']],
    ['largeTransactions', ['3.12.3'], ['3.12.4']],
    ['loggerCalls', ['3.12.10', '3.12.11'], ['3.8.0', '3.12.9']],
    ['forwardsAll', ['3.12.10'], ['3.10.14', '3.12.9']],
  ])('%s', (name, without, having) => {
    for (const version of without) expect([version, features(version)[name]]).toEqual([version, false]);
    for (const version of having) expect([version, features(version)[name]]).toEqual([version, true]);
  });

  test('an open question can be answered otherwise than it is assumed', () => {
    expect(features('3.12.10').unknownBatchIsNotFound).toBe(true);
    expect(features('3.12.10', { unknownBatchIsNotFound: false }).unknownBatchIsNotFound).toBe(false);
  });

  test('a line stands for its last release; what the stand-in cannot be is none', () => {
    expect(['3.8', '3.10', '3.11', '3.12', '3.10.2'].map(fullVersion)).toEqual([
      '3.8.9',
      '3.10.14',
      '3.11.14',
      '3.12.10',
      '3.10.2',
    ]);
    for (const none of ['', '3', '4.0', '3.6', 'v3.10', '3.10.x', '3.10-1']) expect(fullVersion(none)).toBeUndefined();
  });

  test('nothing else in the stand-in compares versions', () => {
    const root = fileURLToPath(new URL('../../../src/adapters/embedded/', import.meta.url));
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const comparing = files.filter(
      (name) =>
        !name.startsWith('versions/') &&
        /compareVersions|numbersOf|version\s*[<>]=?\s|startsWith\('3\./.test(readFileSync(root + name, 'utf8')),
    );
    expect(comparing).toEqual([]);
  });
});

const SECURITY = ['cache-control', 'content-security-policy', 'expires', 'pragma', 'strict-transport-security'];

describe.each(['3.8', '3.9', '3.10', '3.11', '3.12'])('a server that answers as %s', (line) => {
  const at = (...lines: readonly string[]) => lines.includes(line);

  test('tells its version, and its headers', async () => {
    const ask = await started(line);
    const { headers, body } = await ask('GET /_api/version');
    expect(body.version).toBe(fullVersion(line));
    expect('apiVersions' in body).toBe(at('3.12'));
    expect(headers.has('x-arango-queue-time-seconds')).toBe(!at('3.8'));
    for (const name of SECURITY) expect([name, headers.has(name)]).toEqual([name, !at('3.8', '3.9')]);
    expect((await ask('GET /_api/wal/lastTick')).body.server.version).toBe(fullVersion(line));
  });

  test('has the attributes, ids and names of collections of its time', async () => {
    const ask = await started(line);
    const computedValues = [{ name: 'a', expression: 'RETURN 1', overwrite: true }];
    const { body, headers } = await ask('POST /_api/collection', { name: 'c', computedValues });
    expect('supportsRBAC' in body).toBe(at('3.12'));
    expect('computedValues' in body).toBe(!at('3.8', '3.9'));
    expect('internalValidatorType' in body).toBe(!at('3.8'));
    expect('isDisjoint' in body).toBe(at('3.8'));
    expect(Number(body.objectId) - Number(body.id)).toBe(at('3.12') ? 1 : -1);
    expect(headers.has('location')).toBe(false);
    const location = (await ask('GET /_api/collection/c/properties')).headers.get('location');
    expect(location).toBe(`${at('3.8') ? '' : '/_db/_system'}/_api/collection/c/properties`);
    const { result } = (await ask('GET /_api/collection')).body;
    const ids = new Map(result.map(({ name, id }: { name: string; id: string }) => [name, id]));
    expect(['_users', '_graphs', '_statistics', '_analyzers'].map((name) => ids.get(name))).toEqual(
      at('3.12') ? ['3', '7', '4', '8'] : ['4', '7', '10', '19'],
    );
    expect((await ask('POST /_api/collection', { name: 'ä' })).status).toBe(at('3.12') ? 200 : 400);
    const database = await ask('POST /_api/database', { name: 'no/slash' });
    expect([database.status, database.body.errorNum]).toEqual([400, at('3.11', '3.12') ? 1208 : 1229]);
  });

  test('knows the indexes and views of its time', async () => {
    const ask = await started(line);
    await ask('POST /_api/collection', { name: 'c' });
    const made = async (index: object) => (await ask('POST /_api/index?collection=c', index)).status === 201;
    expect(await made({ type: 'inverted', fields: ['a'] })).toBe(!at('3.8', '3.9'));
    const boxes = { fields: ['x', 'y'], fieldValueTypes: 'double' };
    expect(await made({ type: 'mdi', ...boxes })).toBe(at('3.12'));
    const zkd = await ask('POST /_api/index?collection=c', { type: 'zkd', ...boxes });
    expect(zkd.body.type).toBe(at('3.12') ? 'mdi' : 'zkd');
    expect(await made({ type: 'persistent', fields: [':a'] })).toBe(!at('3.11', '3.12'));
    expect((await ask('POST /_api/view', { name: 'v', type: 'search-alias' })).status).toBe(
      at('3.8', '3.9') ? 400 : 201,
    );
    const { body } = await ask('POST /_api/view', { name: 'w', type: 'arangosearch' });
    expect('segmentsMin' in body.consolidationPolicy).toBe(!at('3.12'));
    expect('optimizeTopK' in body).toBe(at('3.12'));
  });

  test('answers the calls of its time, and no others', async () => {
    const ask = await started(line);
    const there = async (call: string) => (await ask(call)).status < 400;
    expect(await there('GET /_admin/deployment/id')).toBe(at('3.12'));
    expect(await there('GET /_api/key-generators')).toBe(at('3.12'));
    expect(await there('GET /_admin/options-public')).toBe(at('3.12'));
    expect(await there('GET /_api/token/root')).toBe(at('3.12'));
    expect(await there('GET /_api/replication/server-id')).toBe(!at('3.12'));
    expect(await there('GET /_api/replication/logger-follow')).toBe(!at('3.12'));
    expect((await ask('DELETE /_api/wal/tail?syncerId=7')).status).toBe(at('3.8', '3.9') ? 405 : 200);
    await ask('POST /_api/collection', { name: 'c' });
    const dump = await ask('POST /_api/dump/start', { shards: ['c'] });
    expect(dump.status).toBe(at('3.11', '3.12') ? 201 : 404);
  });

  test('writes documents and removals as in its time', async () => {
    const ask = await started(line);
    await ask('POST /_api/collection', { name: 'c' });
    const { tick } = (await ask('GET /_api/wal/lastTick')).body;
    const { _rev } = (await ask('POST /_api/document/c', { _key: 'a', v: 2 })).body;
    const patched = (await ask('PATCH /_api/document/c/a', {})).body;
    expect(patched._rev === _rev).toBe(!at('3.8', '3.9'));
    const older = await ask('PATCH /_api/document/c/a?versionAttribute=v', { v: 1 });
    expect(older.body._rev === patched._rev).toBe(at('3.12'));
    const removed = (await ask('DELETE /_api/document/c/a')).body._rev;
    const response = await fetch(`${running?.endpoints[0]}/_api/wal/tail?from=${tick}&collection=c`);
    const lines = (await response.text())
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text));
    const marker = lines.find(({ type }) => type === 2302);
    expect(marker.data._rev === removed).toBe(!at('3.8'));
  });

  test('in a cluster: forwards and truncates as in its time', async () => {
    const ask = await started(line, { mode: 'cluster', dbServers: 1, coordinators: 1 });
    const id = running?.dbServers[0]?.id;
    const forwarded = await ask(`GET /_api/replication/logger-state?DBserver=${id}`);
    expect(forwarded.status).toBe(at('3.12') ? 501 : 200);
    await ask('POST /_api/collection', { name: 'c', replicationFactor: 1 });
    const { tick } = (await ask('GET /_api/wal/lastTick', undefined, 'data')).body;
    await ask(
      'POST /_api/document/c',
      Array.from({ length: 33_000 }, (_, index) => ({ _key: `k${index}` })),
    );
    await ask('PUT /_api/collection/c/truncate');
    const path = `/_api/wal/tail?global=true&from=${tick}&chunkSize=100000000`;
    const text = await (await fetch(`${running?.dbServers[0]?.endpoint}${path}`)).text();
    expect(text.includes('"type":2004')).toBe(!at('3.8', '3.9'));
    expect(text.includes('"type":2302')).toBe(at('3.8', '3.9'));
    const bulk = await ask('POST /_api/document/c', [{ _key: 'good' }, { _key: 'no/slash' }]);
    expect(bulk.status).toBe(at('3.11', '3.12') ? 202 : 400);
  });
});

test('a version that it cannot pose as is refused', async () => {
  await expect(startEmbedded({ mode: 'single', serverVersion: '2.8' })).rejects.toThrow(
    'does not pose as ArangoDB 2.8',
  );
});
