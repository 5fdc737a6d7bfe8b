import type { ConnectedDeployment } from '../src/adapters/arangodb/deployment.ts';
import { openArangoLog } from '../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../src/adapters/crypto/commit-hasher.ts';
import type { Commit, EventLog } from '../src/events/log.ts';
import { ControlPlane, type ControlState } from '../src/projections/control-state.ts';

const COMMITS_PER_READ = 500;

/** What was appended to a log: commits, events in them, bytes of their JSON. */
export interface Appended {
  readonly commits: number;
  readonly events: number;
  readonly bytes: number;
}

/** A datacenter's event log, read as its masters read it: what they decided is seen without asking them. */
export class LogFollower {
  readonly #log: EventLog;
  readonly #plane = new ControlPlane();
  #appended: Appended = { commits: 0, events: 0, bytes: 0 };

  constructor({ front }: ConnectedDeployment, masterSecret: string) {
    this.#log = openArangoLog(front, commitHasher([masterSecret]));
  }

  get state(): ControlState {
    return this.#plane.state;
  }

  /** All since the beginning of the log. */
  get appended(): Appended {
    return this.#appended;
  }

  /** Reads what is new. */
  async readOn(): Promise<ControlState> {
    for (;;) {
      const commits = await this.#log.read(this.#plane.head, COMMITS_PER_READ);
      if (commits.length === 0) return this.state;
      this.#plane.applyAll(commits);
      for (const commit of commits) this.#count(commit);
    }
  }

  #count(commit: Commit): void {
    const { commits, events, bytes } = this.#appended;
    this.#appended = {
      commits: commits + 1,
      events: events + commit.events.length,
      bytes: bytes + Buffer.byteLength(JSON.stringify(commit)),
    };
  }
}
