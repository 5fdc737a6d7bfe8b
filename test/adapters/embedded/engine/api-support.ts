import { registerDump } from '../../../../src/adapters/embedded/api/dump.ts';
import { registerReplication } from '../../../../src/adapters/embedded/api/replication.ts';
import { registerWal } from '../../../../src/adapters/embedded/api/wal.ts';
import { LocalFront } from '../../../../src/adapters/embedded/cluster/local-front.ts';
import { EngineError } from '../../../../src/adapters/embedded/engine/errors.ts';
import type { Accounts, Identity } from '../../../../src/adapters/embedded/http/accounts.ts';
import type { Method, ServerProcess, ServerRole } from '../../../../src/adapters/embedded/http/contract.ts';
import { Query } from '../../../../src/adapters/embedded/http/query.ts';
import type { Reply } from '../../../../src/adapters/embedded/http/reply.ts';
import { PathRouter } from '../../../../src/adapters/embedded/http/router.ts';
import { features } from '../../../../src/adapters/embedded/versions/features.ts';
import { DEFAULT_VERSION } from '../../../../src/adapters/embedded/versions/release.ts';
import { TestServer } from './support.ts';

export interface InventoryShape {
  readonly collections: readonly {
    readonly parameters: { readonly name: string; readonly id: string };
    readonly indexes: readonly unknown[];
  }[];
}

/** What tests look into: of the answer to each call, its own part. */
export interface AnswerBody extends InventoryShape {
  readonly id: string;
  readonly lastTick: string;
  readonly state: { readonly state: unknown };
  readonly clients: readonly unknown[];
  readonly databases: Readonly<Record<string, InventoryShape>>;
  readonly nodes: readonly unknown[];
  readonly ranges: readonly (readonly string[])[];
  readonly resume: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: AnswerBody;
}

const accounts = {
  databaseLevel: () => 'ro',
  collectionLevel: () => 'none',
  collectionCreated: async () => {},
  collectionDropped: async () => {},
  refresh: async () => {},
} as unknown as Accounts;

/** The replication handlers over an engine, without a socket; `caller` and `role` can be changed between calls. */
export class TestApi {
  readonly test: TestServer;
  caller: Identity = { kind: 'superuser' };
  readonly #router: PathRouter;
  readonly #server: ServerProcess;

  constructor(role: ServerRole = 'single') {
    this.test = new TestServer(role === 'dbserver' ? { role: 'dbserver', id: 'PRMR-1' } : {});
    const ids = { next: () => this.test.nextId(), raiseTo: () => {} };
    const { engine } = this.test;
    this.#server = {
      role,
      id: 'SNGL-1',
      version: DEFAULT_VERSION,
      features: features(DEFAULT_VERSION),
      endpoint: 'http://127.0.0.1:1',
      deployment: {
        mode: 'single',
        version: '3.12.10',
        id: 'x',
        ids,
        environment: engine.environment,
        accounts,
        auth: { enabled: true, jwtSecrets: [], sessionTimeoutSeconds: 3600 },
        readOnly: false,
        setReadOnly: () => {},
        cluster: undefined,
      },
      front: new LocalFront(engine, ids),
      storage: engine,
      storageIfAny: engine,
      jobs: undefined,
      startedAt: 0,
    } as unknown as ServerProcess;
    this.#router = new PathRouter(this.#server);
    registerWal(this.#router);
    registerReplication(this.#router);
    registerDump(this.#router);
  }

  async call(
    method: Method,
    url: string,
    body?: unknown,
    options: { database?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const [path = '', query = ''] = url.split('?');
    const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    try {
      const { handler, suffix } = this.#router.find(method, path);
      return answerOf(
        await handler({
          method,
          server: this.#server,
          database: options.database ?? '_system',
          path,
          suffix,
          query: new Query(query),
          headers: options.headers ?? {},
          body: Buffer.from(bytes),
          identity: this.caller,
        }),
      );
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const text = JSON.stringify({ errorNum: error.errorNum, errorMessage: error.message });
      return { status: error.status, headers: {}, text, body: parsed(text) };
    }
  }

  get(url: string, database?: string): Promise<Answer> {
    return this.call('GET', url, undefined, database === undefined ? {} : { database });
  }

  /** A new batch's id. */
  async batch(): Promise<string> {
    return (await this.call('POST', '/_api/replication/batch', { ttl: 60 })).body.id;
  }
}

function answerOf(reply: Reply): Answer {
  const text = Buffer.concat(reply.body ?? []).toString();
  const headers = Object.fromEntries(
    Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  if (reply.contentType !== undefined) headers['content-type'] = reply.contentType;
  return { status: reply.status, headers, text, body: parsed(text) };
}

/** The body of a JSON answer; `{}` of any other. */
function parsed(text: string): AnswerBody {
  try {
    return JSON.parse(text) as AnswerBody;
  } catch {
    return {} as AnswerBody;
  }
}
