import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authorities, DatacenterSize } from '../../../cli/demo/datacenter.ts';
import type { DemoProcess } from '../../../cli/demo/processes.ts';
import { eventually } from './eventually.ts';
import { leaderAt, type Side } from './side.ts';
import { startSites } from './sites.ts';

export type { Side } from './side.ts';

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
  const { sites, ...started } = await startSites({ source: size, target: targetSize });
  const [source, target] = sites;
  if (source === undefined || target === undefined) throw new Error('two sides were to be started');
  const pair = { ...started, source, target };
  return {
    ...pair,
    configure: () => configure(pair, pair.command),
    plan: async () => {
      await Promise.all([source, target].map(leaderAt));
      let plan = '';
      await eventually('the plan being told', 60_000, async () => {
        const { exit, output } = await pair.command([...configureWords(pair), '--dry-run'], target);
        plan = output;
        return exit === 0;
      });
      return plan;
    },
  };
}

async function configure(
  pair: { source: Side; target: Side; folder: string },
  command: Pair['command'],
): Promise<void> {
  // Each attempt is a process of its own.
  await Promise.all([pair.source, pair.target].map(leaderAt));
  await eventually('configure sync succeeding', 60_000, async () => {
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
