import type { Master } from '../../../src/master/master.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import { credentials, type Datacenter, operator } from './datacenter.ts';
import { until } from './until.ts';

const signal = AbortSignal.timeout(120_000);

/** What an operator of the target asks. */
export const request = { source: ['https://a1:8629', 'https://a2:8629'], authentication: credentials };

/** The leader of the target, with a synchronization configured. */
export async function configuredAt(target: Datacenter): Promise<Master> {
  const leader = await target.leader();
  await leader.sync.configure(request, operator, signal);
  return leader;
}

/** Up to the point where the structure is known and both sides have their tasks. */
export async function followingOf(
  source: Datacenter,
  target: Datacenter,
  shards: readonly ShardRef[],
): Promise<Master> {
  const leader = await configuredAt(target);
  const { configuration, identity } = await until('the source is identified', () => {
    const { synchronization } = leader.state;
    return synchronization.identity !== null && synchronization;
  });
  const report = {
    epoch: configuration?.epoch ?? '',
    sourceDeployment: identity?.deploymentId ?? '',
    shards: [...shards],
    problems: [],
    heldDrops: [],
    changes: [],
  };
  await until('the structure is reported', () => {
    const inventory = [...leader.state.tasks.values()].find(({ type }) => type === 'receive-inventory');
    return leader.workers.reportStructure(inventory?.workerId ?? 'nobody', report, signal).then(
      () => true,
      () => false,
    );
  });
  await until('tasks on both sides', async () => {
    const sent = [...(await source.leader()).state.tasks.values()].filter(({ type }) => type === 'send-shard');
    const received = [...leader.state.tasks.values()].filter(({ type }) => type === 'receive-shard');
    return sent.length === shards.length && received.length === shards.length;
  });
  return leader;
}
