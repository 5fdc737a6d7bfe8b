import { onTestFinished, test } from 'vitest';
import type { Control } from '../../src/adapters/embedded/index.ts';
import { Answer, expectStatus } from './answer.ts';
import { fresh } from './names.ts';
import { superuserToken } from './superuser-token.ts';

/** Who asks: `root` (default), the superuser by token, nobody, or a user. */
export type Caller = 'root' | 'superuser' | 'nobody' | { readonly user: string; readonly password: string };

export interface Ask {
  readonly method?: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of a body. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: Caller;
  /** URL of the server to ask; default the first endpoint. */
  readonly server?: string;
}

/** What a target is and can, known before checks are defined. */
export interface TargetFacts {
  readonly mode: 'single' | 'cluster';
  readonly authentication: boolean;
  /** URLs of the single server, or of coordinators. */
  readonly endpoints: readonly [string, ...string[]];
  readonly rootPassword: string;
  readonly jwtSecret: string | undefined;
  /** URLs of DB-Servers by their ids; empty where they cannot be reached. */
  readonly dbServers: ReadonlyMap<string, string>;
  /** Makes the server misbehave; embedded servers only. */
  readonly control: Control | undefined;
}

/** Where the data of a collection lies, and under which name: itself on a single server, its first shard in a cluster. */
export interface Home {
  /** Name to give as `collection=` there. */
  readonly name: string;
  readonly server: string;
  readonly serverId: string;
  /** Asks that server as the superuser. */
  ask(call: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** A server under test, and the checks defined for it. */
export class Target {
  readonly facts: TargetFacts;
  readonly names: string[] = [];

  constructor(facts: TargetFacts) {
    this.facts = facts;
  }

  get isCluster(): boolean {
    return this.facts.mode === 'cluster';
  }

  get authentication(): boolean {
    return this.facts.authentication;
  }

  /** Whether calls of the superuser can be made: by token, or because everyone is. */
  get hasSuperuser(): boolean {
    return !this.facts.authentication || this.facts.jwtSecret !== undefined;
  }

  get dbServersReachable(): boolean {
    return this.facts.dbServers.size > 0;
  }

  /** Whether the server that stores data can be asked for batches, trees and its log. */
  get storageReachable(): boolean {
    return this.isCluster ? this.dbServersReachable : true;
  }

  get canMisbehave(): Control | undefined {
    return this.facts.control;
  }

  /** Whether schemas are checked and computed values made; an embedded server only keeps their definitions. */
  get appliesRules(): boolean {
    return this.facts.control === undefined;
  }

  /** Defines a check, named after the behaviour and the section of the reference. */
  readonly check = (name: string, run: () => Promise<void>): void => {
    this.names.push(name);
    test(name, run);
  };

  async request({ method = 'GET', path, body, text, headers, as = 'root', server }: Ask): Promise<Answer> {
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${server ?? this.facts.endpoints[0]}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...this.#authorization(as),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    return new Answer(response.status, response.headers, await response.text());
  }

  /** A request in one line: `POST /_api/collection`. */
  ask(call: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const [method, path] = parts(call);
    return this.request({ method, path, body, headers });
  }

  /** Makes a collection for one check and tells its name. */
  async collection(options: Readonly<Record<string, unknown>> = {}, base = ''): Promise<string> {
    const name = fresh('c');
    expectStatus(await this.ask(`POST ${base}/_api/collection`, { name, ...options }), 200);
    onTestFinished(async () => {
      await this.ask(`DELETE ${base}/_api/collection/${name}`);
    });
    return name;
  }

  /** Makes a database for one check and tells its name. */
  async database(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = fresh('d');
    this.dropLater(`/_api/database/${name}`);
    expectStatus(await this.ask('POST /_api/database', { name, ...options }), 201);
    return name;
  }

  /** Makes a user with grants (`database` or `database/collection` to level) for one check. */
  async user(grants: Readonly<Record<string, string>> = {}): Promise<{ user: string; password: string }> {
    const user = fresh('u');
    const password = 'secret of a check';
    this.dropLater(`/_api/user/${user}`);
    expectStatus(await this.ask('POST /_api/user', { user, passwd: password }), 201);
    for (const [what, grant] of Object.entries(grants)) {
      expectStatus(await this.ask(`PUT /_api/user/${user}/database/${what}`, { grant }), 200);
    }
    return { user, password };
  }

  /** Deletes something when the check is over, whether it is there or not. */
  dropLater(path: string): void {
    onTestFinished(async () => {
      await this.ask(`DELETE ${path}`);
    });
  }

  /** The server that leads the first shard of a collection; of `_users` only the superuser may know. */
  async home(collection: string, base = '', as: Caller = 'root'): Promise<Home> {
    if (!this.isCluster) return this.#homeAt(collection, this.facts.endpoints[0], 'single', as);
    const answer = await this.request({ path: `${base}/_api/collection/${collection}/shards?details=true`, as });
    const shards = Object.entries(answer.at('shards') as Readonly<Record<string, readonly string[]>>);
    const [shard, [leader = ''] = []] = shards.sort()[0] ?? [];
    const server = this.facts.dbServers.get(leader);
    if (shard === undefined || server === undefined) throw new Error(`no reachable leader: ${answer.text}`);
    return this.#homeAt(shard, server, leader, 'superuser');
  }

  #homeAt(name: string, server: string, serverId: string, as: Caller): Home {
    const ask = (call: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
      const [method, path] = parts(call);
      return this.request({ method, path, body, headers, server, as });
    };
    return { name, server, serverId, ask };
  }

  #authorization(as: Caller): Readonly<Record<string, string>> {
    if (as === 'nobody') return {};
    if (as === 'superuser') {
      const { jwtSecret } = this.facts;
      return jwtSecret === undefined ? {} : { authorization: `bearer ${superuserToken(jwtSecret)}` };
    }
    if (as === 'root') return this.authentication ? basic('root', this.facts.rootPassword) : {};
    return basic(as.user, as.password);
  }
}

function parts(call: string): readonly [string, string] {
  const space = call.indexOf(' ');
  return [call.slice(0, space), call.slice(space + 1)];
}

function basic(user: string, password: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
