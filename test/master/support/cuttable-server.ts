import type { ArangoAnswer, ArangoRequest, ArangoServer } from '../../../src/replication/arango.ts';

/** One process's way to a database: cut, the process is dead to everyone else, though it still runs. */
export class CuttableServer implements ArangoServer {
  readonly name = 'cuttable';
  readonly #server: ArangoServer;
  isCut = false;

  constructor(server: ArangoServer) {
    this.#server = server;
  }

  async request(request: ArangoRequest): Promise<ArangoAnswer> {
    this.#pass();
    return this.#server.request(request);
  }

  async json<T>(request: ArangoRequest): Promise<T> {
    this.#pass();
    return this.#server.json<T>(request);
  }

  #pass(): void {
    if (this.isCut) throw new Error('the way to the database is cut');
  }
}
