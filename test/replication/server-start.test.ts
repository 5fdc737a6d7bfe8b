import { expect, onTestFinished, test } from 'vitest';
import { connectDeployment } from '../../src/adapters/arangodb/deployment.ts';
import { type EmbeddedDeployment, type EmbeddedOptions, startEmbedded } from '../../src/adapters/embedded/index.ts';
import { isSameStart, lookAtStart, type ServerStart } from '../../src/replication/server-start.ts';

const SECRET = 'a secret of the test';
const signal = new AbortController().signal;

interface Started {
  readonly embedded: EmbeddedDeployment;
  readonly serverId: string;
  look(): Promise<ServerStart>;
}

async function start(options: EmbeddedOptions): Promise<Started> {
  // A server that is older than any request takes: a restart shows in its uptime.
  let ageMs = 3_600_000;
  const environment = { now: () => Date.now() - ageMs, random: Math.random };
  const embedded = await startEmbedded({ ...options, environment, auth: { jwtSecret: SECRET } });
  ageMs = 0;
  onTestFinished(() => embedded.stop());
  const credentials = { kind: 'secret', jwtSecret: SECRET } as const;
  const deployment = await connectDeployment({ endpoints: embedded.endpoints, credentials, verify: false });
  onTestFinished(() => deployment.close());
  const [first] = await deployment.dbServers(signal);
  if (first === undefined) throw new Error('the deployment has no server');
  const server = await deployment.dbServer(first.id);
  return { embedded, serverId: first.id, look: () => lookAtStart(server, Date.now, { signal }) };
}

test.each([{ mode: 'single' }, { mode: 'cluster' }] as const)(
  'a $mode server is the same until it starts anew',
  async (options) => {
    const { embedded, serverId, look } = await start(options);
    const first = await look();
    expect(isSameStart(first, await look())).toBe(true);
    await embedded.control.losePower(options.mode === 'single' ? undefined : serverId);
    const second = await look();
    expect(isSameStart(first, second)).toBe(false);
    expect(isSameStart(second, await look())).toBe(true);
  },
);

test('a single server of the same process id that was up for a moment only is told from its next start', () => {
  const at = (bootedAt: number, now: number) => ({
    name: '[1,null,null]',
    isCounted: false,
    boot: { uptimeMs: now - bootedAt, earliest: bootedAt - 2, latest: bootedAt + 2 },
  });
  expect(isSameStart(at(1_000, 1_100), at(1_000, 9_000))).toBe(true);
  expect(isSameStart(at(1_000, 1_100), at(1_300, 9_000))).toBe(false);
  expect(isSameStart(at(1_000, 2_000), at(2_001, 2_050))).toBe(false);
});

test('a server whose metrics went away is taken for another start', () => {
  const without = { name: '[1,null,null]', isCounted: false, boot: undefined };
  const known = { ...without, boot: { uptimeMs: 10, earliest: 0, latest: 1 } };
  expect(isSameStart(known, without)).toBe(false);
  expect(isSameStart(without, without)).toBe(true);
});
