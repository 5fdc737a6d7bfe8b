import { GenericContainer, Wait } from 'testcontainers';
import { afterAll } from 'vitest';
import { Target, type TargetFacts } from './target.ts';

const IMAGE_DEFAULT = 'arangodb:3.12';
const PORT = 8529;
const ROOT_PASSWORD = 'password of the conformance suite';

/**
 * The real server at `ARANGODB_URL` (password of root in `ARANGODB_PASSWORD` or in the URL, secret of the cluster in
 * `ARANGODB_JWT_SECRET`), else a container of `ARANGODB_IMAGE`.
 */
export async function reachRealTarget(): Promise<Target> {
  const { ARANGODB_URL, ARANGODB_PASSWORD, ARANGODB_JWT_SECRET } = process.env;
  if (ARANGODB_URL === undefined) return factsOf(await startContainer(), ROOT_PASSWORD, undefined);
  const url = new URL(ARANGODB_URL);
  const password = ARANGODB_PASSWORD ?? decodeURIComponent(url.password);
  return factsOf(url.origin, password, ARANGODB_JWT_SECRET);
}

async function startContainer(): Promise<string> {
  const container = await new GenericContainer(process.env.ARANGODB_IMAGE ?? IMAGE_DEFAULT)
    .withEnvironment({ ARANGO_ROOT_PASSWORD: ROOT_PASSWORD })
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/_admin/server/availability', PORT))
    .start();
  afterAll(async () => {
    await container.stop();
  });
  return `http://${container.getHost()}:${container.getMappedPort(PORT)}`;
}

async function factsOf(endpoint: string, rootPassword: string, jwtSecret: string | undefined): Promise<Target> {
  const { status } = await fetch(`${endpoint}/_api/version`);
  const base: TargetFacts = {
    mode: 'single',
    authentication: status === 401,
    endpoints: [endpoint],
    rootPassword,
    jwtSecret,
    dbServers: new Map(),
    control: undefined,
  };
  const role = (await new Target(base).ask('GET /_admin/server/role')).textAt('role');
  if (role !== 'COORDINATOR') return new Target(base);
  const cluster: TargetFacts = { ...base, mode: 'cluster' };
  return new Target({ ...cluster, dbServers: await reachableDbServers(new Target(cluster)) });
}

async function reachableDbServers(target: Target): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (!target.hasSuperuser) return found;
  const health = (await target.ask('GET /_admin/cluster/health')).at('Health');
  for (const [id, { Role, Endpoint }] of Object.entries(health as Record<string, { Role: string; Endpoint: string }>)) {
    if (Role.toLowerCase() !== 'dbserver') continue;
    const server = Endpoint.replace(/^(http\+)?tcp:/, 'http:').replace(/^(http\+)?ssl:/, 'https:');
    const isReachable = await target.request({ path: '/_api/wal/lastTick', server, as: 'superuser' }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (!isReachable) return new Map();
    found.set(id, server);
  }
  return found;
}
