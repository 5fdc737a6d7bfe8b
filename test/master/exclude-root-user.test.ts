import { afterEach, beforeEach, expect, it } from 'vitest';
import { Datacenter } from './support/datacenter.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { configuredAt } from './support/following.ts';
import { until } from './support/until.ts';

let source: Datacenter;
let target: Datacenter;
let workers: FakeWorker[];

beforeEach(async () => {
  source = await Datacenter.open('AAA');
  target = await Datacenter.open('BBB');
  target.source = source;
  workers = [];
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.die()));
  await Promise.all([source.stop(), target.stop()]);
});

function live(datacenter: Datacenter, id: string): FakeWorker {
  const worker = new FakeWorker(id);
  worker.live(() => datacenter.masters.find((master) => master.leads));
  workers.push(worker);
  return worker;
}

it('workers are told what the option of the leading master says, and the log says the same', async () => {
  await source.startMaster('a1');
  target.excludeRootUser = true;
  const first = await target.startMaster('b1');
  live(source, 'wa');
  const worker = live(target, 'wb');
  await configuredAt(target);
  await until('the worker keeps root', () => worker.instructions?.incoming?.excludeRootUser === true);
  expect(first.state.settings.excludeRootUser).toBe(true);
  expect(first.state.audit.some(({ cause }) => cause.includes('--cluster.exclude-root-user'))).toBe(true);
  await first.stop();
  target.masters.splice(0);
  target.excludeRootUser = false;
  const second = await target.startMaster('b2');
  await until(
    'the worker takes root',
    () => worker.instructions?.incoming !== undefined && worker.instructions.incoming.excludeRootUser === undefined,
  );
  expect(second.state.settings.excludeRootUser).toBe(false);
});
