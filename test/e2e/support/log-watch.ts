import { openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import type { Commit, EventLog } from '../../../src/events/log.ts';
import { eventually } from './eventually.ts';
import type { Side } from './pair.ts';

const COMMITS_PER_READ = 100;

/** Follows the event log of a datacenter in its database, whoever leads there, and whether anybody does. */
export class LogWatch {
  readonly #log: EventLog;
  readonly #commits: Commit[] = [];

  constructor({ database, secrets }: Side) {
    this.#log = openArangoLog(database.front, commitHasher([secrets.masterSecret]));
  }

  /** All that was read so far; the first has position 1. */
  get commits(): readonly Commit[] {
    return this.#commits;
  }

  async readOn(): Promise<void> {
    for (;;) {
      const last = this.#commits.at(-1) ?? { position: 0, hash: '' };
      const commits = await this.#log.read(last, COMMITS_PER_READ);
      if (commits.length === 0) return;
      this.#commits.push(...commits);
    }
  }

  /** Waits for a commit with an event of that type behind a position. */
  async next(type: string, after: number, timeoutMs: number): Promise<Commit> {
    let found: Commit | undefined;
    await eventually(`${type} behind position ${after}`, timeoutMs, async () => {
      await this.readOn();
      found = this.#commits.slice(after).find(({ events }) => events.some((event) => event.type === type));
      return found !== undefined;
    });
    if (found === undefined) throw new Error(`${type} was waited for`);
    return found;
  }
}
