import type { Member } from '../../../cli/demo/datacenter.ts';
import { leaderAt, type Side } from './side.ts';

/** The processes that run for a side now: each that ends has another in its place, with nothing but the same flags. */
export class Members {
  readonly #side: Side;
  readonly masters: Member[];
  readonly workers: Member[];

  constructor(side: Side) {
    this.#side = side;
    this.masters = [...side.datacenter.masters];
    this.workers = [...side.datacenter.workers];
  }

  /** SIGKILL; its service manager starts it again at once. */
  async killWorker(index: number): Promise<void> {
    const victim = memberAt(this.workers, index);
    await victim.process.kill();
    this.workers[index] = this.#side.datacenter.restartWorker(victim);
  }

  /** All workers are killed, and started again when `during` is done. */
  async whileNoneWorks(during: () => Promise<unknown>): Promise<void> {
    const victims = [...this.workers];
    await Promise.all(victims.map(({ process }) => process.kill()));
    try {
      await during();
    } finally {
      for (const [index, victim] of victims.entries()) {
        this.workers[index] = this.#side.datacenter.restartWorker(victim);
      }
    }
  }

  async killLeader(): Promise<void> {
    const leader = await leaderAt(this.#side);
    const index = this.masters.findIndex(({ endpoint }) => endpoint === leader);
    if (index < 0) throw new Error(`no leader among the masters: ${leader}`);
    const victim = memberAt(this.masters, index);
    await victim.process.kill();
    this.masters[index] = this.#side.datacenter.restartMaster(victim);
  }

  /** SIGTERM and a new start of one after the other; `then` is waited for in between. Resolves with the exit codes. */
  async restartAll(limitMs: number, then: () => Promise<unknown>): Promise<(number | undefined)[]> {
    const codes: (number | undefined)[] = [];
    const { restartMaster, restartWorker } = this.#side.datacenter;
    for (const [members, restart] of [
      [this.workers, restartWorker],
      [this.masters, restartMaster],
    ] as const) {
      for (const [index, member] of [...members].entries()) {
        codes.push(await member.process.stop(limitMs));
        members[index] = restart(member);
        await then();
      }
    }
    return codes;
  }
}

function memberAt(members: readonly Member[], index: number): Member {
  const member = members[index];
  if (member === undefined) throw new Error(`there is no process ${index}`);
  return member;
}
