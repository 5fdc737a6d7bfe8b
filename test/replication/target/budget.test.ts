import { afterAll, beforeAll, expect, test } from 'vitest';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource } from './scripted-source.ts';

let target: TestTarget;
let running: TestEngine | undefined;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(async () => {
  target.embedded.control.clearFaults();
  await running?.engine.stop();
  await target.stop();
});

test('S7: a shard that waits for the target does not hold up the others on its link', async () => {
  const stuckId = await target.createCollection('stuck');
  await target.createCollection('free');
  const source = new ScriptedSource(['stuck', 'free']);
  const engine = testEngine(target.deployment, source, { linkBufferBytes: 40_000, shardCreditBytes: 60_000 });
  running = engine;
  const tasks = [shardTask('stuck', { collection: 'stuck' }), shardTask('free', { collection: 'free' })];
  await engine.engine.setInstructions(instructions(tasks));
  const stuck = await source.nextStream('stuck');
  const free = await source.nextStream('free');
  const path = new RegExp(`/_api/document/${stuckId}`);
  target.embedded.control.addFault({ path, action: { kind: 'fail', status: 500, errorNum: 18 } });
  const text = 'x'.repeat(10_000);
  stuck.opened('copy', '100').copy([], true);
  for (let number = 0; number < 5; number += 1) {
    const line = `+${documentLine(`k${number}`, '_kEJrpFq--_', { text })}`;
    stuck.ops(`${100 + number}`, `${101 + number}`, [line]);
  }
  free.opened('copy', '100').copy([], true);
  for (let number = 0; number < 20; number += 1) {
    const line = `+${documentLine(`k${number}`, `_kEJrpFq-${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(number)}-`, { text })}`;
    free.ops(`${100 + number}`, `${101 + number}`, [line]);
  }
  await until('the other shard', async () => (await target.count('free')) === 20);
  expect(await target.count('stuck')).toBe(0);
  const again = await source.nextStream('stuck');
  target.embedded.control.clearFaults();
  again.opened('copy', '100').copy([documentLine('k', '_kEJrpFq--_')], true);
  await engine.shard('stuck', ({ status }) => status === 'running');
  expect(await target.count('stuck')).toBe(1);
});

test('S7: a sender that goes far beyond its credit is cut off', async () => {
  await target.createCollection('greedy');
  const source = new ScriptedSource(['greedy']);
  const engine = testEngine(target.deployment, source, { shardCreditBytes: 5_000 });
  await engine.engine.setInstructions(instructions([shardTask('greedy', { collection: 'greedy' })]));
  const stream = await source.nextStream('greedy');
  const documents = [documentLine('k', '_kEJrpFq--_', { text: 'x'.repeat(4_000) })];
  stream.opened('copy', '100');
  for (let number = 0; number < 5; number += 1) stream.copy(documents, false);
  await source.nextStream('greedy');
  expect(engine.log.some(({ fields }) => String(fields.reason).includes('beyond its credit'))).toBe(true);
  await engine.engine.stop();
});
