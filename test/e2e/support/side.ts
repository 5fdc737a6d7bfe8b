import { join } from 'node:path';
import type { Datacenter, DatacenterSecrets } from '../../../cli/demo/datacenter.ts';
import { runCommand } from '../../../cli/demo/processes.ts';
import { leaderOf, mastersOf } from '../../../cli/demo/status.ts';
import type { MasterClient } from '../../../cli/master-client.ts';
import { type ConnectedDeployment, connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import type { Commit } from '../../../src/events/log.ts';
import { eventually } from './eventually.ts';

export const CONTROL_TOKEN = 'control token of the end-to-end tests';
const LEADING_MS_MAX = 60_000;

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

/** Waits until a master leads; resolves with its endpoint. The one before may have been killed a moment ago. */
export async function leaderAt({ masters, datacenter }: Side): Promise<string> {
  let leader: string | undefined;
  await eventually(`a leader of the ${datacenter.name}`, LEADING_MS_MAX, async () => {
    leader = await leaderOf(masters);
    return leader !== undefined;
  });
  if (leader === undefined) throw new Error('a leader was waited for');
  return leader;
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

/** Runs a command at the masters of a side, as root. */
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
