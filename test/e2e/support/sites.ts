import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Authorities,
  type DatacenterSize,
  makeAuthorities,
  newSecrets,
  startDatacenter,
} from '../../../cli/demo/datacenter.ts';
import { type DemoProcess, stopAll } from '../../../cli/demo/processes.ts';
import { eventually } from './eventually.ts';
import { CONTROL_TOKEN, leaderAt, openSide, runAt, type Side } from './side.ts';

/** Nothing is under way for longer than this in tests, unless they hold it themselves. */
const QUIET_TIME = '4s';

/** Datacenters with real processes, none following another yet. */
export interface Sites {
  /** In the order of their names' sizes. */
  readonly sites: readonly Side[];
  readonly folder: string;
  readonly authorities: Authorities;
  readonly processes: readonly DemoProcess[];
  command(words: readonly string[], on: Side): Promise<{ exit: number; output: string }>;
  /** `configure sync`; the CA of the source is found among the system's, where this puts it. */
  configure(source: Side, target: Side): Promise<void>;
  /** The same, once, whatever comes of it. */
  tryConfigure(source: Side, target: Side): Promise<{ exit: number; output: string }>;
  stop(): Promise<void>;
}

/** Starts datacenters, by name; when one cannot be started none is left running. */
export async function startSites(sizes: Readonly<Record<string, DatacenterSize>>): Promise<Sites> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-e2e-'));
  const processes: DemoProcess[] = [];
  const authorities = makeAuthorities(folder);
  const starting = await Promise.allSettled(
    Object.entries(sizes).map(async ([name, size]) => {
      const secrets = { ...newSecrets(), controlToken: CONTROL_TOKEN };
      const of = { quietTime: QUIET_TIME, ...size };
      const started = (process: DemoProcess) => void processes.push(process);
      const datacenter = await startDatacenter(name, folder, authorities, secrets, of, started);
      return openSide(datacenter, secrets, authorities.tls.certificate);
    }),
  );
  const sites = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async () => {
    await Promise.all(sites.flatMap(({ database, masters }) => [database.close(), masters.close()]));
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = starting.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const tryConfigure = (source: Side, target: Side) => {
    const endpoints = source.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
    const keyfile = `--master.keyfile=${join(folder, 'client-auth.keyfile')}`;
    const words = ['configure', 'sync', `--source.endpoint=${endpoints}`, keyfile];
    return runAt(words, target, folder, { NODE_EXTRA_CA_CERTS: join(folder, 'tls-ca.crt') });
  };
  return {
    sites,
    folder,
    authorities,
    processes,
    command: (words, on) => runAt(words, on, folder),
    tryConfigure,
    configure: async (source, target) => {
      // Each attempt is a process of its own.
      await Promise.all([source, target].map(leaderAt));
      await eventually('configure sync succeeding', 60_000, async () => {
        const { exit, output } = await tryConfigure(source, target);
        if (exit !== 0) throw new Error(output);
        return output.includes('Synchronization activated.');
      });
    },
    stop,
  };
}
