import { randomBytes } from 'node:crypto';
import { UserAccounts } from './accounts/user-accounts.ts';
import { CollectionUserStore } from './accounts/user-store.ts';
import { Cluster } from './cluster/cluster.ts';
import { Deployment } from './cluster/deployment.ts';
import type { Front, FrontCollection } from './cluster/front.ts';
import { Ids } from './cluster/ids.ts';
import type { ServerNode } from './cluster/server-node.ts';
import { startCluster } from './cluster/start-cluster.ts';
import { type NodeParts, startSingle } from './cluster/start-single.ts';
import { Control } from './control/control.ts';
import { ControlDoor } from './control/control-http.ts';
import { Faults } from './control/faults.ts';
import { describeDeployment } from './describe.ts';
import type { Environment } from './engine/types.ts';
import type { AuthSettings } from './http/contract.ts';
import { signToken } from './http/jwt.ts';
import { LoginReader } from './http/login.ts';
import {
  COORDINATORS_DEFAULT,
  DB_SERVERS_DEFAULT,
  type EmbeddedOptions,
  FAILOVER_GRACE_MS_DEFAULT,
  SESSION_TIMEOUT_SECONDS_DEFAULT,
} from './options.ts';
import { DEFAULT_VERSION, fullVersion } from './versions/release.ts';

export type { Control } from './control/control.ts';
export type { EmbeddedOptions } from './options.ts';

/** A server with its URL. */
export interface EmbeddedServer {
  readonly id: string;
  readonly endpoint: string;
}

/** A running embedded deployment. */
export interface EmbeddedDeployment {
  readonly mode: 'single' | 'cluster';
  /** URLs of the coordinators, or of the single server. */
  readonly endpoints: readonly string[];
  /** Empty on a single server. */
  readonly coordinators: readonly EmbeddedServer[];
  /** Empty on a single server. */
  readonly dbServers: readonly EmbeddedServer[];
  /** Undefined on a single server. */
  readonly agent: EmbeddedServer | undefined;
  /** Makes it misbehave. */
  readonly control: Control;
  /** URL of the control API; undefined unless it was asked for. */
  readonly controlEndpoint: string | undefined;
  /** A superuser token (reference 1.5), also with authentication off; `expiresInSeconds` from now, default never. */
  superuserToken(expiresInSeconds?: number): string;
  /** What it is and where it listens, for a terminal; no secrets. */
  describe(): string;
  /** Closes every port; the data is gone. */
  stop(): Promise<void>;
}

/** First ids on a fresh deployment come behind these (reference 3.6). */
const LAST_ID_SINGLE = 2;
const LAST_ID_CLUSTER = 10_000;

/**
 * Starts a stand-in for ArangoDB in this process, of the version that is asked for: real HTTP, everything in memory, no
 * AQL. Rejects when a port is taken, the keyfile is none, or the version is not one that it can pose as.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDeployment> {
  const clock = { behindMs: options.clockBehindMs ?? 0 };
  const { now, random } = options.environment ?? { now: Date.now, random: Math.random };
  const environment = { now, random, revisionNow: () => now() - clock.behindMs };
  const isCluster = options.mode === 'cluster';
  const ids = new Ids(isCluster ? LAST_ID_CLUSTER : LAST_ID_SINGLE);
  const cluster = isCluster ? new Cluster(ids, environment, options.backendWaitMs) : undefined;
  const auth = authSettings(options);
  const { mode, storageEngine: engine = 'rocksdb' } = options;
  const version = versionOf(options);
  const deployment = new Deployment({ mode, version, engine, ids, environment, auth, cluster });
  const faults = new Faults();
  const parts = nodeParts(options, deployment, environment, faults);
  const { nodes, front } = await startNodes(options, parts, cluster);
  await openAccounts(deployment, front, options);
  const failoverGraceMs = options.failoverGraceMs ?? FAILOVER_GRACE_MS_DEFAULT;
  const control = new Control({ deployment, nodes, faults, failoverGraceMs, clock });
  const describe = () => describeDeployment(deployment, nodes);
  const door = options.control === undefined ? undefined : new ControlDoor(control, options.control.token, describe);
  const controlEndpoint = await door?.listen(parts.host, options.control?.port ?? 0);
  return {
    mode,
    endpoints: nodes.filter(({ role }) => role === 'single' || role === 'coordinator').map(({ endpoint }) => endpoint),
    coordinators: serversOf(nodes, 'coordinator'),
    dbServers: serversOf(nodes, 'dbserver'),
    agent: serversOf(nodes, 'agent')[0],
    control,
    controlEndpoint,
    superuserToken: (expiresInSeconds) => superuserToken(auth, environment, expiresInSeconds),
    describe,
    stop: async () => {
      control.close();
      await door?.close();
      for (const node of nodes) await node.stop();
    },
  };
}

function versionOf({ serverVersion = DEFAULT_VERSION }: EmbeddedOptions): string {
  const version = fullVersion(serverVersion);
  if (version === undefined) throw new Error(`the stand-in does not pose as ArangoDB ${serverVersion}`);
  return version;
}

function authSettings({ auth }: EmbeddedOptions): AuthSettings {
  const given = auth?.jwtSecret ?? randomBytes(32).toString('hex');
  return {
    enabled: auth !== undefined,
    jwtSecrets: typeof given === 'string' ? [given] : given,
    sessionTimeoutSeconds: auth?.sessionTimeoutSeconds ?? SESSION_TIMEOUT_SECONDS_DEFAULT,
  };
}

function nodeParts(
  options: EmbeddedOptions,
  deployment: Deployment,
  environment: Environment,
  faults: Faults,
): NodeParts {
  return {
    deployment,
    environment,
    ids: deployment.ids,
    logins: new LoginReader(deployment.auth, () => deployment.accounts, environment.now),
    faults,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    keyfile: options.tls?.keyfile,
    walBytesMax: options.walBytesMax,
    clientLifetimeSeconds: options.clientLifetimeSeconds,
    answers: options.answers ?? {},
    queueTimeSeconds: () => deployment.queueTimeSeconds,
    onBug: options.onBug ?? reportBug,
  };
}

function reportBug(error: unknown, request: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`embedded ArangoDB: ${request} failed unexpectedly: ${text}\n`);
}

async function startNodes(
  options: EmbeddedOptions,
  parts: NodeParts,
  cluster: Cluster | undefined,
): Promise<{ nodes: readonly ServerNode[]; front: Front }> {
  if (cluster === undefined) {
    const { node, front } = await startSingle(parts);
    return { nodes: [node], front };
  }
  return startCluster(parts, cluster, {
    dbServers: options.dbServers ?? DB_SERVERS_DEFAULT,
    coordinators: options.coordinators ?? COORDINATORS_DEFAULT,
  });
}

async function openAccounts(deployment: Deployment, front: Front, options: EmbeddedOptions): Promise<void> {
  const users = (): FrontCollection => {
    const collection = front.database('_system')?.collection('_users');
    if (collection === undefined) throw new Error('_users is missing');
    return collection;
  };
  const accounts = new UserAccounts(new CollectionUserStore(users), deployment.environment);
  await deployment.openAccounts(accounts, options.auth?.rootPassword ?? '');
}

function serversOf(nodes: readonly ServerNode[], role: ServerNode['role']): EmbeddedServer[] {
  return nodes.filter((node) => node.role === role).map(({ id, endpoint }) => ({ id, endpoint }));
}

function superuserToken(auth: AuthSettings, environment: Environment, expiresInSeconds: number | undefined): string {
  const now = Math.floor(environment.now() / 1000);
  const expiry = expiresInSeconds === undefined ? {} : { iat: now, exp: now + expiresInSeconds };
  return signToken({ iss: 'arangodb', server_id: 'arangosync', ...expiry }, auth.jwtSecrets[0] as string);
}
