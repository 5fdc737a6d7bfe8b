import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Authorities,
  type Datacenter,
  type DatacenterSecrets,
  type DatacenterSize,
  makeAuthorities,
  newSecrets,
  startDatacenter,
} from '../../../cli/demo/datacenter.ts';
import { type DemoProcess, runCommand, stopAll } from '../../../cli/demo/processes.ts';
import { mastersOf } from '../../../cli/demo/status.ts';
import type { MasterClient } from '../../../cli/master-client.ts';
import { type ConnectedDeployment, connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import type { Commit } from '../../../src/events/log.ts';
import { eventually } from './eventually.ts';

export const CONTROL_TOKEN = 'control token of the end-to-end tests';

export interface Side {
  readonly datacenter: Datacenter;
  readonly secrets: DatacenterSecrets;
  /** All that its log was written under; whoever changes it adds the new one. */
  readonly masterSecrets: string[];
  /** As superuser, through the coordinators. */
  readonly database: ConnectedDeployment;
  readonly masters: MasterClient;
  /** Commands of the embedded cluster's control API. */
  control(command: string, body: object): Promise<void>;
  /** The whole event log, verified on the way. */
  events(): Promise<readonly Commit[]>;
}

/** Two datacenters with real processes, the second not yet following the first. */
export interface Pair {
  readonly source: Side;
  readonly target: Side;
  readonly folder: string;
  readonly authorities: Authorities;
  readonly processes: readonly DemoProcess[];
  command(words: readonly string[], on: Side): Promise<{ exit: number; output: string }>;
  configure(): Promise<void>;
  /** What `configure` would do, once the masters can tell. */
  plan(): Promise<string>;
  stop(): Promise<void>;
}

export async function startPair(size: DatacenterSize, targetSize: DatacenterSize = size): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-e2e-'));
  const processes: DemoProcess[] = [];
  const authorities = makeAuthorities(folder);
  const tlsCa = authorities.tls.certificate;
  const start = async (name: string, of: DatacenterSize): Promise<Side> => {
    const secrets = { ...newSecrets(), controlToken: CONTROL_TOKEN };
    const datacenter = await startDatacenter(
      name,
      folder,
      authorities,
      secrets,
      of,
      (process) => void processes.push(process),
    );
    return openSide(datacenter, secrets, tlsCa);
  };
  const [source, target] = await Promise.all([start('source', size), start('target', targetSize)]);
  const pair = { source, target, folder, authorities, processes };
  const command = (words: readonly string[], on: Side) => runAt(words, on, folder);
  return {
    ...pair,
    command,
    configure: () => configure(pair, command),
    plan: async () => {
      let plan = '';
      await eventually('the plan being told', 30_000, async () => {
        const { exit, output } = await command([...configureWords(pair), '--dry-run'], pair.target);
        plan = output;
        return exit === 0;
      });
      return plan;
    },
    stop: async () => {
      await Promise.all([source, target].flatMap(({ database, masters }) => [database.close(), masters.close()]));
      await stopAll(processes);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function openSide(datacenter: Datacenter, secrets: DatacenterSecrets, tlsCa: string): Promise<Side> {
  const { endpoints, clusterSecret, controlEndpoint } = datacenter;
  const credentials = { kind: 'secret', jwtSecret: clusterSecret } as const;
  const database = await connectDeployment({ endpoints, credentials, verify: false });
  const masterSecrets = [secrets.masterSecret];
  return {
    datacenter,
    secrets,
    masterSecrets,
    database,
    masters: mastersOf(datacenter, tlsCa),
    control: async (command, body) => {
      const headers = { authorization: `bearer ${CONTROL_TOKEN}` };
      const answer = await fetch(`${controlEndpoint}/_control/${command}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${command}: ${answer.status} ${await answer.text()}`);
    },
    events: () => readEvents(database, masterSecrets),
  };
}

async function readEvents({ front }: ConnectedDeployment, masterSecrets: readonly string[]): Promise<Commit[]> {
  const log = openArangoLog(front, commitHasher([...masterSecrets]));
  const commits: Commit[] = [];
  for (;;) {
    const last = commits.at(-1);
    const part = await log.read(last === undefined ? { position: 0, hash: '' } : last, 100);
    if (part.length === 0) return commits;
    commits.push(...part);
  }
}

export function runAt(
  words: readonly string[],
  on: Side,
  folder: string,
  environment: Readonly<Record<string, string>> = {},
) {
  const endpoints = on.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
  return runCommand(
    [...words, `--master.endpoint=${endpoints}`, `--master.cacert=${join(folder, 'tls-ca.crt')}`, '--auth.user=root'],
    { ARANGOSYNC_AUTH_PASSWORD: on.secrets.rootPassword, ...environment },
  );
}

async function configure(
  pair: { source: Side; target: Side; folder: string },
  command: Pair['command'],
): Promise<void> {
  await eventually('configure sync succeeding', 30_000, async () => {
    const { exit, output } = await command(configureWords(pair), pair.target);
    return exit === 0 && output.includes('Synchronization activated.');
  });
}

function configureWords({ source, folder }: { source: Side; folder: string }): string[] {
  const sources = source.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
  const files = [
    `--master.keyfile=${join(folder, 'client-auth.keyfile')}`,
    `--source.cacert=${join(folder, 'tls-ca.crt')}`,
  ];
  return ['configure', 'sync', `--source.endpoint=${sources}`, ...files];
}

/** All that the processes wrote to their logs. */
export function logsOf(pair: Pair): string {
  return pair.processes.map(({ logFile }) => readFileSync(logFile, 'utf8')).join('\n');
}
