import { afterEach, describe, expect, it } from 'vitest';
import { Datacenter } from '../support/datacenter.ts';
import { until } from '../support/until.ts';

let datacenter: Datacenter | undefined;

afterEach(() => datacenter?.stop());

describe('the masters that clients are told of', () => {
  it('always hold the one that answers, from its first moment on', async () => {
    datacenter = await Datacenter.open('AAA');
    const master = await datacenter.startMaster('m1');
    // It has not read the log yet, nor registered.
    expect(master.state.masters.size).toBe(0);
    expect(master.members.publicEndpoints()).toEqual(['https://m1.public:8629']);
    await until('it leads', () => master.leads);
    expect(master.members.publicEndpoints()).toEqual(['https://m1.public:8629']);
    const second = await datacenter.startMaster('m2');
    await second.refresh(AbortSignal.timeout(5_000));
    expect(second.members.publicEndpoints().sort()).toEqual(['https://m1.public:8629', 'https://m2.public:8629']);
  });
});
