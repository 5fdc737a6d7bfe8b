import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { type Command, decide } from '../../src/domain/decide.ts';
import type { Context } from '../../src/domain/decision.ts';
import { rejectionOf } from '../../src/domain/rejections/decide.ts';
import type { ChainedLog } from '../../src/events/chained-log.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { type NewEvent, toEvents } from '../../src/events/vocabulary.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';
import { inPlace } from './random-history.ts';

/** A log under pens that keep the rules: claims by their claimants, everything else by who leads. */
export class LedHistory {
  readonly log: ChainedLog = openMemoryLog(commitHasher(['secret']));
  readonly plane = new ControlPlane();
  #drawn = 0;

  /** Carries commands out one after the other; somebody claims to lead whenever nobody does. */
  async carryOut(commands: readonly Command[]): Promise<void> {
    const context: Context = { newId: () => this.#draw(), newChannel: () => `channel${this.#draw()}` };
    for (const command of commands) {
      if (this.plane.state.leadership.leader === null && !isUnled(command)) await this.claim('m1');
      if (command.kind === 'claim-leadership') {
        await this.claim(command.masterId);
        continue;
      }
      const decision = decide(this.plane.state, inPlace(command, this.plane), context);
      await this.append(decision.events ?? [rejectionOf(command, decision.rejected, 0)]);
    }
  }

  async claim(masterId: string): Promise<void> {
    const term = this.plane.state.leadership.term + 1;
    const claim: NewEvent = { type: 'LeadershipClaimed', data: { term, masterId, endpoint: `https://${masterId}` } };
    await this.append([claim], { writer: masterId, term });
  }

  /** Appends whatever it is given, as the leader unless told otherwise. */
  async append(
    events: readonly NewEvent[],
    by: { readonly writer?: string; readonly term?: number } = {},
  ): Promise<void> {
    if (events.length === 0) return;
    const { leadership } = this.plane.state;
    const draft = {
      term: by.term ?? leadership.term,
      writer: by.writer ?? leadership.leader?.masterId ?? 'm1',
      at: new Date(Date.UTC(2024, 0, 1) + this.plane.position * 1_000).toISOString(),
      cause: 'test',
      events: toEvents(events, () => this.#draw()),
    };
    const outcome = await this.log.append(this.plane.head, draft);
    if (outcome.kind === 'conflict') throw new Error('nobody else writes');
    this.plane.apply(outcome.commit);
  }

  #draw(): string {
    this.#drawn += 1;
    return String(this.#drawn);
  }
}

function isUnled({ kind }: Command): boolean {
  return kind === 'claim-leadership' || kind === 'register-master' || kind === 'remove-master';
}
