import type { ApiRequest, AsyncJobs, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { empty, failure, json, type Reply } from '../http/reply.ts';
import { nameOf } from '../http/rights.ts';

/** Answers that nobody fetches are kept up to here; then the oldest go. */
const RESULT_BYTES_MAX = 128 * 1024 * 1024;
const LISTED_BY_DEFAULT = 100;
const CANCELED = 21;

interface Job {
  readonly id: string;
  readonly owner: string;
  readonly startedAtMs: number;
  isCanceled: boolean;
  /** Undefined while it runs. */
  reply: Reply | undefined;
}

/** Requests that were sent with `x-arango-async: store` (reference 1.8), of one server. */
class JobStore implements AsyncJobs {
  readonly #nextId: () => string;
  readonly #now: () => number;
  readonly #jobs = new Map<string, Job>();

  constructor(nextId: () => string, now: () => number) {
    this.#nextId = nextId;
    this.#now = now;
  }

  start(owner: string, work: () => Promise<Reply>): string {
    const job: Job = { id: this.#nextId(), owner, startedAtMs: this.#now(), isCanceled: false, reply: undefined };
    this.#jobs.set(job.id, job);
    void work().then((reply) => {
      job.reply = job.isCanceled ? failure(410, CANCELED, 'canceled request') : reply;
      this.#dropOldest();
    });
    return job.id;
  }

  /** A job that this caller started; 404/404 otherwise. */
  find(id: string | undefined, owner: string): Job {
    const job = id === undefined ? undefined : this.#jobs.get(id);
    if (job === undefined || job.owner !== owner) throw new ArangoApiError(404);
    return job;
  }

  list(owner: string, isDone: boolean, count: number): readonly string[] {
    const jobs = [...this.#jobs.values()].filter((job) => job.owner === owner && (job.reply !== undefined) === isDone);
    return jobs.slice(0, count).map((job) => job.id);
  }

  forget(id: string): void {
    this.#jobs.delete(id);
  }

  /** Forgets results, those of jobs begun before a moment, or all. */
  forgetResults(owner: string, startedBeforeMs: number): void {
    for (const job of this.#jobs.values()) {
      if (job.owner === owner && job.reply !== undefined && job.startedAtMs < startedBeforeMs)
        this.#jobs.delete(job.id);
    }
  }

  #dropOldest(): void {
    const done = [...this.#jobs.values()].filter((job) => job.reply !== undefined);
    let total = done.reduce((sum, job) => sum + bodyBytes(job.reply), 0);
    for (const job of done) {
      if (total <= RESULT_BYTES_MAX) return;
      total -= bodyBytes(job.reply);
      this.#jobs.delete(job.id);
    }
  }
}

function bodyBytes(reply: Reply | undefined): number {
  return (reply?.body ?? []).reduce((sum, part) => sum + part.length, 0);
}

/** `/_api/job` (reference 1.8). Also makes requests with `x-arango-async: store` possible on this server. */
export function registerJob(router: Router): void {
  const { deployment } = router.server;
  const jobs = new JobStore(() => deployment.ids.next(), deployment.environment.now);
  router.server.jobs = jobs;
  router.prefix('/_api/job', {
    GET: (request) => readJobs(request, jobs),
    PUT: (request) => fetchOrCancel(request, jobs),
    DELETE: (request) => forgetJobs(request, jobs),
  });
}

function readJobs(request: ApiRequest, jobs: JobStore): Reply {
  const [which, ...more] = request.suffix;
  if (which === undefined || more.length > 0) throw new ArangoApiError(400);
  const owner = nameOf(request.identity);
  if (/^[1-9]/.test(which)) return empty(jobs.find(which, owner).reply === undefined ? 204 : 200);
  if (which !== 'done' && which !== 'pending') throw new ArangoApiError(400);
  const count = request.query.integer('count', LISTED_BY_DEFAULT);
  return json(200, jobs.list(owner, which === 'done', count));
}

function fetchOrCancel(request: ApiRequest, jobs: JobStore): Reply {
  const [id, action, ...more] = request.suffix;
  if (id === undefined || more.length > 0) throw new ArangoApiError(400);
  const owner = nameOf(request.identity);
  if (action === undefined) return handOut(jobs.find(id, owner), jobs);
  if (action !== 'cancel') throw new ArangoApiError(400);
  jobs.find(id, owner).isCanceled = true;
  return json(200, { result: true });
}

/** The answer, once. */
function handOut(job: Job, jobs: JobStore): Reply {
  if (job.reply === undefined) return empty(204);
  jobs.forget(job.id);
  return { ...job.reply, headers: { ...job.reply.headers, 'X-Arango-Async-Id': job.id } };
}

function forgetJobs(request: ApiRequest, jobs: JobStore): Reply {
  const [which, ...more] = request.suffix;
  if (which === undefined || more.length > 0) throw new ArangoApiError(400);
  const owner = nameOf(request.identity);
  if (which === 'all') jobs.forgetResults(owner, Number.POSITIVE_INFINITY);
  else if (which === 'expired') jobs.forgetResults(owner, stampOf(request) * 1000);
  else jobs.forget(jobs.find(which, owner).id);
  return json(200, { result: true });
}

function stampOf(request: ApiRequest): number {
  const stamp = Number(request.query.text('stamp') ?? Number.NaN);
  if (!Number.isFinite(stamp)) throw new ArangoApiError(400, 'missing parameter: stamp');
  return stamp;
}
