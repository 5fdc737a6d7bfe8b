import { expect, test } from 'vitest';
import { Gate } from '../../../src/replication/target/gate.ts';

const NEVER = new AbortController().signal;

/** Settles what can settle. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('who waits is let in in order of arrival, and a place is given back once', async () => {
  const gate = new Gate(1);
  const inside: string[] = [];
  const leave = await gate.enter(NEVER);
  const enter = (name: string, signal = NEVER) =>
    gate.enter(signal).then((leaves) => {
      inside.push(name);
      return leaves;
    });
  const first = enter('first');
  const second = enter('second');
  await turn();
  expect({ inside, isFull: gate.isFull }).toEqual({ inside: [], isFull: true });
  leave();
  leave();
  const leaveFirst = await first;
  await turn();
  expect(inside).toEqual(['first']);
  leaveFirst();
  (await second)();
  expect(gate.isFull).toBe(false);
});

test('who gives up while waiting takes no place', async () => {
  const gate = new Gate(1);
  const leave = await gate.enter(NEVER);
  const giving = new AbortController();
  const given = gate.enter(giving.signal);
  const after = gate.enter(NEVER);
  giving.abort(new Error('not any longer'));
  await expect(given).rejects.toThrow('not any longer');
  leave();
  (await after)();
  expect(gate.isFull).toBe(false);
});
