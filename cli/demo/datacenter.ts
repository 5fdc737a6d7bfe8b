import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../src/adapters/embedded/free-ports.ts';
import { createCa, formatKeyfile, issueCertificate, type SignedCertificate } from '../../src/adapters/tls/index.ts';
import type { ServerLine } from '../server-versions.ts';
import { type DemoProcess, startProcess } from './processes.ts';

const START_TIMEOUT_MS = 30_000;
/** The embedded servers wait for the leader of a shard for 15 s at most, and hold nothing longer. */
const QUIET_TIME = '20s';
const LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** What both datacenters share: the two authorities, as the documentation has them. */
export interface Authorities {
  readonly tls: SignedCertificate;
  readonly client: SignedCertificate;
}

export interface Member {
  readonly process: DemoProcess;
  readonly endpoint: string;
}

/** One datacenter of the demo: an embedded cluster, masters and workers, each a process. */
export interface Datacenter {
  readonly name: string;
  /** Coordinators. */
  readonly endpoints: readonly string[];
  /** Of the embedded cluster's control API, when a token was given. */
  readonly controlEndpoint: string | undefined;
  readonly rootPassword: string;
  readonly masterSecret: string;
  readonly clusterSecret: string;
  readonly masters: readonly Member[];
  readonly workers: readonly Member[];
  readonly all: readonly DemoProcess[];
  /** Starts a worker again that was killed, as its service manager would. */
  readonly restartWorker: (worker: Member) => Member;
  readonly restartMaster: (master: Member) => Member;
}

export function newSecrets(): DatacenterSecrets {
  const secret = () => randomBytes(24).toString('hex');
  return { clusterSecret: secret(), masterSecret: secret(), rootPassword: secret() };
}

export function makeAuthorities(folder: string): Authorities {
  const validForMs = LIFETIME_MS;
  const tls = createCa({ commonName: 'arangosync demo TLS CA', validForMs });
  const client = createCa({ commonName: 'arangosync demo client CA', validForMs });
  writeFileSync(join(folder, 'tls-ca.crt'), tls.certificate);
  writeFileSync(join(folder, 'client-auth-ca.crt'), client.certificate);
  const keyfile = issueCertificate({ ca: client, kind: 'client', hosts: [], commonName: 'demo target', validForMs });
  writeFileSync(join(folder, 'client-auth.keyfile'), formatKeyfile(keyfile), { mode: 0o600 });
  return { tls, client };
}

/** How many of each; 0 DB-Servers make the database a single server. */
export interface DatacenterSize {
  readonly masters: number;
  readonly workers: number;
  readonly dbServers: number;
  readonly coordinators: number;
  /** Version that the embedded servers answer as; default: the newest. */
  readonly serverVersion?: ServerLine;
  /** How long a doubtful write may be on its way; default: as long as the embedded servers hold one. */
  readonly quietTime?: string;
  /** How far the database's revisions begin behind the time; default not at all. */
  readonly clockBehind?: string;
  /** Where the other datacenter reaches the masters; default: where they listen. */
  readonly reachedAt?: string;
  /** The other datacenter's workers reach those of this one, too, and need no master in between. */
  readonly workersAreReached?: boolean;
}

export const DEMO_SIZE: DatacenterSize = { masters: 3, workers: 2, dbServers: 3, coordinators: 2 };

export interface DatacenterSecrets {
  readonly clusterSecret: string;
  readonly masterSecret: string;
  readonly rootPassword: string;
  /** Switches the control API of the embedded cluster on. */
  readonly controlToken?: string;
}

function databaseFlags({ dbServers, coordinators, serverVersion }: DatacenterSize): string[] {
  const version = serverVersion === undefined ? [] : [`--server-version=${serverVersion}`];
  if (dbServers === 0) return ['--mode=single', ...version];
  return ['--mode=cluster', `--dbservers=${dbServers}`, `--coordinators=${coordinators}`, ...version];
}

/** Starts everything of a datacenter; `started` gets each process at once, so that a failure leaves none behind. */
export async function startDatacenter(
  name: string,
  folder: string,
  authorities: Authorities,
  secrets: DatacenterSecrets,
  size: DatacenterSize,
  started: (process: DemoProcess) => void,
): Promise<Datacenter> {
  const start = (role: string, argv: readonly string[], environment: Readonly<Record<string, string>>) => {
    const process = startProcess(`${name}-${role}`, argv, folder, environment);
    started(process);
    return process;
  };
  const clock = size.clockBehind === undefined ? [] : [`--clock-behind=${size.clockBehind}`];
  const cluster = start('cluster', ['embedded', ...databaseFlags(size), ...clock, '--output=json'], {
    ARANGOSYNC_AUTH_JWT_SECRET: secrets.clusterSecret,
    ARANGOSYNC_AUTH_ROOT_PASSWORD: secrets.rootPassword,
    ...(secrets.controlToken !== undefined && { ARANGOSYNC_CONTROL_TOKEN: secrets.controlToken }),
  });
  const { endpoints, controlEndpoint } = JSON.parse(
    await cluster.line((line) => line.startsWith('{'), START_TIMEOUT_MS),
  );
  const keyfile = join(folder, `${name}.keyfile`);
  const certificate = issueCertificate({
    ca: authorities.tls,
    kind: 'server',
    hosts: ['127.0.0.1', 'localhost'],
    commonName: `${name} masters`,
    validForMs: LIFETIME_MS,
  });
  writeFileSync(keyfile, formatKeyfile(certificate), { mode: 0o600 });

  const ports = await freePorts(size.masters + size.workers);
  const masterUrls = ports.slice(0, size.masters).map((port) => `https://127.0.0.1:${port}`);
  // A file, because that can be read again.
  const masterSecretFile = join(folder, `${name}-master.jwt`);
  writeFileSync(masterSecretFile, secrets.masterSecret, { mode: 0o600 });
  const environment = {
    ARANGOSYNC_CLUSTER_JWT_SECRET: secrets.clusterSecret,
    ARANGOSYNC_MASTER_JWT_SECRET: masterSecretFile,
  };
  const startMaster = (endpoint: string, role: string): Member => {
    const argv = ['run', 'master', `--cluster.endpoint=${endpoints.join(',')}`, `--server.keyfile=${keyfile}`];
    const certificates = [
      `--server.client-cafile=${join(folder, 'client-auth-ca.crt')}`,
      `--master.cacert=${join(folder, 'tls-ca.crt')}`,
    ];
    const own = [
      `--server.endpoint=${endpoint}`,
      `--server.port=${new URL(endpoint).port}`,
      '--mq.type=direct',
      // Each is operated with its own root, also while it follows.
      '--cluster.exclude-root-user',
      `--sync.quiet-time=${size.quietTime ?? QUIET_TIME}`,
      ...(size.reachedAt === undefined ? [] : [`--master.endpoint=${size.reachedAt}`]),
    ];
    return { endpoint, process: start(role, [...argv, ...certificates, ...own], environment) };
  };
  const startWorker = (endpoint: string, role: string): Member => {
    const argv = ['run', 'worker', `--server.endpoint=${endpoint}`, `--server.port=${new URL(endpoint).port}`];
    const toMasters = [`--master.endpoint=${masterUrls.join(',')}`, `--master.cacert=${join(folder, 'tls-ca.crt')}`];
    const { ARANGOSYNC_MASTER_JWT_SECRET } = environment;
    const reached = size.workersAreReached === true ? [`--server.public-endpoint=${endpoint}`] : [];
    return { endpoint, process: start(role, [...argv, ...toMasters, ...reached], { ARANGOSYNC_MASTER_JWT_SECRET }) };
  };
  const again = (member: Member) => `${member.process.name.slice(name.length + 1)}-again`;
  const restartMaster = (member: Member) => startMaster(member.endpoint, again(member));
  const restartWorker = (member: Member) => startWorker(member.endpoint, again(member));
  const masters = masterUrls.map((endpoint, index) => startMaster(endpoint, `master-${index + 1}`));
  const workerUrls = ports.slice(size.masters).map((port) => `https://127.0.0.1:${port}`);
  const workers = workerUrls.map((endpoint, index) => startWorker(endpoint, `worker-${index + 1}`));
  const { rootPassword, masterSecret, clusterSecret } = secrets;
  const all = [cluster, ...[...masters, ...workers].map(({ process }) => process)];
  return {
    name,
    endpoints,
    controlEndpoint,
    restartWorker,
    restartMaster,
    rootPassword,
    masterSecret,
    clusterSecret,
    masters,
    workers,
    all,
  };
}
