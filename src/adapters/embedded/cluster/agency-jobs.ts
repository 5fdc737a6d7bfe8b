import type { JsonObject } from '../engine/types.ts';
import type { Ids } from './ids.ts';

/** Finished jobs that are remembered. */
const JOBS_MAX = 1000;

export type JobState = 'ToDo' | 'Pending' | 'Finished' | 'Failed';

export interface AgencyJob {
  readonly id: string;
  /** As under `Target/<state>/<id>`: `type`, `creator`, `timeCreated`, and what it is about. */
  readonly description: JsonObject;
  state: JobState;
  reason: string | undefined;
}

/** The jobs of the agency's supervision (`Target/…`): moves of shards and the like, done soon after they are accepted. */
export class AgencyJobs {
  readonly #ids: Ids;
  readonly #now: () => number;
  readonly #jobs = new Map<string, AgencyJob>();

  constructor(ids: Ids, now: () => number) {
    this.#ids = ids;
    this.#now = now;
  }

  /** Accepts a job, which runs after the answer is on its way; tells its id. */
  add(type: string, creator: string, about: JsonObject, work: () => void): string {
    const id = this.#ids.next();
    const timeCreated = new Date(this.#now()).toISOString();
    const description = { ...about, type, creator, jobId: id, timeCreated };
    const job: AgencyJob = { id, description, state: 'ToDo', reason: undefined };
    this.#jobs.set(id, job);
    if (this.#jobs.size > JOBS_MAX) this.#jobs.delete(this.#jobs.keys().next().value as string);
    setImmediate(() => run(job, work));
    return id;
  }

  find(id: string): AgencyJob | undefined {
    return this.#jobs.get(id);
  }

  all(): Iterable<AgencyJob> {
    return this.#jobs.values();
  }
}

function run(job: AgencyJob, work: () => void): void {
  job.state = 'Pending';
  try {
    work();
    job.state = 'Finished';
  } catch (error) {
    job.state = 'Failed';
    job.reason = error instanceof Error ? error.message : String(error);
  }
}
