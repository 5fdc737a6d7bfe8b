import { afterEach, expect, test } from 'vitest';
import { connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { unfitServers } from '../../../src/replication/fit-servers.ts';
import { TestTarget, until } from '../target/harness.ts';
import { VersionPair } from './version-pair.ts';

const NEVER = new AbortController().signal;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const documents = (value: number) => KEYS.map((_key) => ({ _key, value }));

let pair: VersionPair | undefined;
let server: TestTarget | undefined;
afterEach(async () => {
  await pair?.stop();
  await server?.stop();
  [pair, server] = [undefined, undefined];
});

test.each([
  ['3.11', '3.12'],
  ['3.8', '3.12'],
  ['3.12', '3.8'],
])('the replication goes on while both sides go from %s to %s, server by server', async (from, to) => {
  const started = await VersionPair.start({ serverVersion: from }, { serverVersion: from });
  pair = started;
  const { source, target } = started;
  await source.createCollection('c', { numberOfShards: 3, replicationFactor: 2 });
  await started.follow();
  await started.aligned(({ shards }) => shards.some(({ collection }) => collection === 'c'));
  await source.write('c', documents(0));
  await started.equal('_system', 'c', KEYS);
  let value = 1;
  for (const { embedded } of [source, target]) {
    for (const { id } of [...embedded.dbServers, ...embedded.coordinators]) {
      await embedded.control.install(to, id);
      await source.write('c', documents(value));
      await source.remove('c', KEYS.slice(0, value % KEYS.length));
      await started.equal('_system', 'c', KEYS);
      value += 1;
    }
  }
  // Its identity is another one to nobody.
  const { endpoints } = source.embedded;
  const credentials = { kind: 'secret', jwtSecret: 'a secret of the test' } as const;
  const again = await connectDeployment({ endpoints, credentials, verify: false });
  expect(again.id).toBe(source.deployment.id);
  await again.close();
  // What could not be read while a server was away is told of until it can.
  await until('no problem being left', () => started.problems.length === 0);
});

test.each(['single', 'cluster'] as const)(
  'a %s keeps its identity over the version that tells it anew',
  async (mode) => {
    server = await TestTarget.start({ mode, serverVersion: '3.12.5' });
    await server.embedded.control.install('3.12.6');
    const credentials = { kind: 'secret', jwtSecret: 'a secret of the test' } as const;
    const again = await connectDeployment({ endpoints: server.embedded.endpoints, credentials, verify: false });
    expect(again.id).toBe(server.deployment.id);
    await again.close();
  },
);

test('servers that cannot be replicated are named, each by itself; one that is silent is not judged', async () => {
  server = await TestTarget.start({ mode: 'cluster', dbServers: 3, coordinators: 1, serverVersion: '3.8' });
  const { deployment, embedded } = server;
  const [{ id: first } = { id: '' }, { id: second } = { id: '' }] = embedded.dbServers;
  expect(await unfitServers(deployment, NEVER)).toEqual([]);
  await embedded.control.install('3.7', first);
  expect(await unfitServers(deployment, NEVER)).toEqual([
    `DBServer ${first} is ArangoDB 3.7.18: 3.8 is the oldest that can be replicated; upgrade it`,
  ]);
  embedded.control.addFault({ server: second, action: { kind: 'cut' } });
  expect(await unfitServers(deployment, NEVER)).toHaveLength(1);
});

test('another storage engine is named', async () => {
  server = await TestTarget.start({ mode: 'single', storageEngine: 'mmfiles' });
  expect(await unfitServers(server.deployment, NEVER)).toEqual([
    expect.stringMatching(/^http:\S+ has the storage engine mmfiles: only rocksdb/),
  ]);
});
