import { afterEach, expect, it } from 'vitest';
import { Datacenter, fastTimes } from './support/datacenter.ts';
import { steadyLeases } from './support/steady-leases.ts';

const signal = new AbortController().signal;

let datacenter: Datacenter;
afterEach(() => datacenter.stop());

it('is of the version that all workers are told, and of another one when the CA of clients changed while it was made', async () => {
  datacenter = await Datacenter.open('AAA');
  let clientCa = 'one';
  const master = await datacenter.startMaster('m1', undefined, {
    clientCa: () => clientCa,
    times: { ...fastTimes, ...steadyLeases },
  });
  await datacenter.leader();
  await master.workers.register({ id: 'w', endpoint: 'https://w:8729' }, signal);
  const told = async () => (await master.instructions.next('w', undefined, 0, signal)).configuration;
  const first = await master.workers.configure('https://w:8729', undefined, signal);
  expect(first.httpServer.clientCaCertificate).toBe('one');
  expect(first.version).toBe(await told());

  const asked = master.workers.configure('https://w:8729', 'w', signal);
  clientCa = 'two';
  const second = await asked;
  expect(second.httpServer.clientCaCertificate).toBe('one');
  expect(second.version).not.toBe(await told());
  const third = await master.workers.configure('https://w:8729', 'w', signal);
  expect(third.httpServer.clientCaCertificate).toBe('two');
  expect(third.version).toBe(await told());
});
