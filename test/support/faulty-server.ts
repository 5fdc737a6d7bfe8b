import { errorOf } from '../../src/adapters/arangodb/client.ts';
import {
  type ArangoAnswer,
  type ArangoRequest,
  type ArangoServer,
  ArangoUnreachable,
} from '../../src/replication/arango.ts';

/** A server behind a connection that breaks when it is told to. */
export class FaultyServer implements ArangoServer {
  readonly name: string;
  readonly #inner: ArangoServer;
  #faults: Fault[] = [];
  readonly #heldBack: ArangoRequest[] = [];

  constructor(inner: ArangoServer) {
    this.#inner = inner;
    this.name = inner.name;
  }

  /** Sets what happens to requests from now on; a fault is used up by `times` requests that match. */
  setFaults(...faults: Fault[]): void {
    this.#faults = faults;
  }

  /** Lets the requests that were held back arrive, in order. */
  async releaseHeldBack(): Promise<void> {
    for (const request of this.#heldBack.splice(0)) await this.#inner.request(request);
  }

  async request(request: ArangoRequest): Promise<ArangoAnswer> {
    const fault = this.#faults.find(({ matches, times }) => times > 0 && matches(request));
    if (fault === undefined) return this.#inner.request(request);
    fault.times -= 1;
    if (fault.kind === 'answer-lost') await this.#inner.request(request);
    if (fault.kind === 'held-back') this.#heldBack.push(request);
    await fault.meanwhile?.();
    if (typeof fault.kind === 'object') return fault.kind;
    throw new ArangoUnreachable(`${request.method} ${request.path}: the connection broke; its outcome is unknown`);
  }

  async json<T>(request: ArangoRequest): Promise<T> {
    const answer = await this.request(request);
    if (answer.status >= 400) throw errorOf(request, answer, this.name);
    return JSON.parse(answer.body.toString('utf8')) as T;
  }
}

export interface Fault {
  /** Nothing arrives; it arrives and the answer is lost; it arrives when it is released; or an answer in its place. */
  readonly kind: 'lost' | 'answer-lost' | 'held-back' | ArangoAnswer;
  readonly matches: (request: ArangoRequest) => boolean;
  times: number;
  readonly meanwhile?: () => Promise<void>;
}
