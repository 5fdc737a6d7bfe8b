import { describe, expect, it } from 'vitest';
import { InstructionLedger } from '../../src/master/instruction-ledger.ts';

const tasksOf = (ledger: InstructionLedger, workerId: string) => [...ledger.mayRun(workerId)].sort();

describe('the ledger of instructions', () => {
  it('holds that a worker may run what it confirmed and all that was sent since', () => {
    const ledger = new InstructionLedger();
    ledger.sent('w', 'v1', ['a', 'b']);
    ledger.sent('w', 'v2', ['b', 'c']);
    expect(tasksOf(ledger, 'w')).toEqual(['a', 'b', 'c']);
    expect(ledger.confirmed('w', 'v2')).toBe(true);
    expect(tasksOf(ledger, 'w')).toEqual(['b', 'c']);
  });

  it('frees nothing by a version that is old or unknown', () => {
    const ledger = new InstructionLedger();
    ledger.sent('w', 'v1', ['a']);
    ledger.confirmed('w', 'v1');
    ledger.sent('w', 'v2', []);
    expect(ledger.confirmed('w', 'v1')).toBe(false);
    expect(ledger.confirmed('w', 'of another leader')).toBe(false);
    expect(tasksOf(ledger, 'w')).toEqual(['a']);
  });

  it('takes the newest of two equal versions, when a worker goes back and forth', () => {
    const ledger = new InstructionLedger();
    ledger.sent('w', 'v1', ['a']);
    ledger.sent('w', 'v2', ['b']);
    ledger.sent('w', 'v1', ['a']);
    ledger.confirmed('w', 'v1');
    expect(tasksOf(ledger, 'w')).toEqual(['a']);
  });

  it('forgets no task of a worker that is sent much and confirms nothing', () => {
    const ledger = new InstructionLedger();
    for (let index = 0; index < 200; index += 1) ledger.sent('w', `v${index}`, [`t${index}`]);
    expect(ledger.mayRun('w').size).toBe(200);
    ledger.confirmed('w', 'v199');
    expect(tasksOf(ledger, 'w')).toEqual(['t199']);
  });

  it('S12: does not know what a worker runs that was sent something and has not confirmed it', () => {
    const ledger = new InstructionLedger();
    ledger.sent('w', 'v1', []);
    expect(ledger.hasUnknown(['w'])).toBe(true);
    ledger.confirmed('w', 'of the leader before');
    expect(ledger.hasUnknown(['w'])).toBe(true);
    expect(ledger.confirmed('w', 'v1')).toBe(true);
    expect(ledger.hasUnknown(['w'])).toBe(false);
  });

  it('S12: holds that a worker may run what the leader before gave it, until it confirms an answer of its own', () => {
    const ledger = new InstructionLedger();
    ledger.inherit([{ taskId: 'a', workerId: 'w' }], ['w']);
    ledger.sent('w', 'v1', ['b']);
    expect(tasksOf(ledger, 'w')).toEqual(['a', 'b']);
    ledger.confirmed('w', 'v1');
    expect(tasksOf(ledger, 'w')).toEqual(['b']);
  });

  it('S12: knows a worker of the leader before for a stranger from its own first answer until that is confirmed', () => {
    const ledger = new InstructionLedger();
    ledger.inherit([{ taskId: 'a', workerId: 'w1' }], ['w1', 'w2', 'w3']);
    expect(ledger.hasStranger).toBe(false);
    ledger.sent('new', 'v1', ['b']);
    expect(ledger.hasStranger).toBe(false);
    ledger.sent('w1', 'v1', []);
    ledger.sent('w2', 'v1', []);
    ledger.confirmed('w1', 'v1');
    expect(ledger.hasStranger).toBe(true);
    ledger.confirmed('w2', 'of the leader before');
    expect(ledger.hasStranger).toBe(true);
    ledger.forget('w2');
    expect(ledger.hasStranger).toBe(false);
  });

  it('knows what may run anywhere, until a worker is forgotten', () => {
    const ledger = new InstructionLedger();
    ledger.sent('w1', 'v1', ['a']);
    ledger.sent('w2', 'v1', ['b']);
    expect([...ledger.mayRunAnywhere()].sort()).toEqual(['a', 'b']);
    ledger.forget('w1');
    expect([...ledger.mayRunAnywhere()]).toEqual(['b']);
    expect(ledger.hasUnknown(['w1', 'w2'])).toBe(true);
  });
});
