import type { z } from 'zod';
import { Comparisons } from '../wire/comparisons.ts';
import { WorkerConfiguration, WorkerInstructions, WorkerRegistered } from '../wire/worker.ts';
import { MasterRefused, type Masters, WorkerUnknown } from '../worker/ports.ts';
import { REPORT_MS_MAX } from '../worker/report-sender.ts';
import { readerOf, type SecretList } from './crypto/secret-list.ts';
import { EndpointClient, type EndpointRequest, errorText } from './http/endpoint-client.ts';
import { signJwt } from './http/jwt.ts';

const NANOSECONDS_PER_MS = 1_000_000;
/** One call that answers at once, per endpoint. */
const CALL_MS_MAX = 10_000;
/** A poll that lasts so much longer than it was to wait is on a dead connection, or at a master that is no help. */
const POLL_OVERTIME = 1.5;
const POLL_OVERTIME_MS = 1_000;
const TOKEN_LIFETIME_S = 300;

export interface MastersClientOptions {
  /** Any or all masters of the datacenter. */
  readonly endpoints: readonly string[];
  /** `master.jwtSecret`; several while one replaces another. */
  readonly secret: SecretList;
  /** Ids of the keys that this worker accepts, told with every poll; absent: not told. */
  readonly keyIds?: () => readonly string[];
  /** CA that verifies them, PEM; absent: their certificates are not verified. */
  readonly ca?: string;
  readonly workerId: string;
  /** Told of every token for the database that the leader lends (S4). */
  readonly onClusterToken: (token: string) => void;
}

export interface ConnectedMasters extends Masters {
  close(): Promise<void>;
}

/** {@link Masters} over HTTPS: any master passes a call on to the leader. */
export function connectMasters(options: MastersClientOptions): ConnectedMasters {
  return new MastersClient(options);
}

class MastersClient implements ConnectedMasters {
  readonly #client: EndpointClient;
  readonly #onClusterToken: (token: string) => void;
  readonly #keyIds: (() => readonly string[]) | undefined;

  constructor({ endpoints, secret, keyIds, ca, workerId, onClusterToken }: MastersClientOptions) {
    const secrets = readerOf(secret);
    this.#keyIds = keyIds;
    this.#onClusterToken = onClusterToken;
    this.#client = new EndpointClient({
      endpoints,
      verify: ca !== undefined,
      ...(ca === undefined ? {} : { ca }),
      authorization: () => {
        const exp = Math.ceil(Date.now() / 1000) + TOKEN_LIFETIME_S;
        const claims = { iss: 'arangosync', server_id: workerId, exp };
        return secrets().map((each) => `bearer ${signJwt(claims, each)}`);
      },
    });
  }

  async configure(endpoint: string, signal: AbortSignal, renew?: boolean): Promise<WorkerConfiguration> {
    const body = { endpoint, ...(renew === undefined ? {} : { renew }) };
    const request = { method: 'POST', path: '/_api/worker/configure', body, signal } as const;
    const configuration = await this.#ask(request, WorkerConfiguration);
    this.#onClusterToken(configuration.cluster.token);
    return configuration;
  }

  async register(...[registration, signal]: Parameters<Masters['register']>): Promise<WorkerRegistered> {
    const request = { method: 'PUT', path: '/_api/worker', body: registration, signal } as const;
    const registered = await this.#ask(request, WorkerRegistered);
    this.#onClusterToken(registered.clusterToken);
    return registered;
  }

  async instructions(
    ...[workerId, after, waitMs, signal]: Parameters<Masters['instructions']>
  ): Promise<WorkerInstructions> {
    const query = new URLSearchParams({ wait: String(Math.round(waitMs * NANOSECONDS_PER_MS)) });
    if (after !== undefined) query.set('after', after);
    if (this.#keyIds !== undefined) query.set('keys', this.#keyIds().join());
    const path = `${pathOf(workerId)}/tasks?${query}`;
    const request = { method: 'GET', path, signal, timeoutMs: waitMs * POLL_OVERTIME + POLL_OVERTIME_MS } as const;
    const instructions = await this.#ask(request, WorkerInstructions);
    if (instructions.clusterToken !== undefined) this.#onClusterToken(instructions.clusterToken);
    return instructions;
  }

  async report(...[workerId, report, signal]: Parameters<Masters['report']>): Promise<void> {
    const path = `${pathOf(workerId)}/report`;
    await this.#send({ method: 'PUT', path, body: report, signal, timeoutMs: REPORT_MS_MAX });
  }

  async structure(...[report, signal]: Parameters<Masters['structure']>): Promise<void> {
    await this.#send({ method: 'PUT', path: '/_api/sync/structure', body: report, signal });
  }

  async comparisons(...[workerId, report, waitMs, signal]: Parameters<Masters['comparisons']>): Promise<Comparisons> {
    const query = new URLSearchParams({ wait: String(Math.round(waitMs * NANOSECONDS_PER_MS)) });
    const path = `${pathOf(workerId)}/comparisons?${query}`;
    const timeoutMs = waitMs * POLL_OVERTIME + CALL_MS_MAX;
    return await this.#ask({ method: 'POST', path, body: report, signal, timeoutMs }, Comparisons);
  }

  async drain(...[workerId, signal]: Parameters<Masters['drain']>): Promise<void> {
    await this.#send({ method: 'POST', path: `${pathOf(workerId)}/drain`, signal });
  }

  async deregister(...[workerId, signal]: Parameters<Masters['deregister']>): Promise<void> {
    await this.#send({ method: 'DELETE', path: pathOf(workerId), signal });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #ask<T>(request: Omit<EndpointRequest, 'timeoutMs'> & { timeoutMs?: number }, schema: z.ZodType<T>) {
    const text = await this.#send(request);
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new Error(
      `${request.method} ${request.path}: the answer of the master is not understood: ${parsed.error.message}`,
    );
  }

  async #send(request: Omit<EndpointRequest, 'timeoutMs'> & { timeoutMs?: number }): Promise<string> {
    const { status, text } = await this.#client.request({ timeoutMs: CALL_MS_MAX, ...request });
    if (status === 200) return text;
    const message = `${request.method} ${request.path}: ${status} ${errorText(text)}`;
    if (status === 404 && /^\/_api\/worker\/[^/]+(\/|$)/.test(request.path)) throw new WorkerUnknown(message);
    throw new MasterRefused(message);
  }
}

function pathOf(workerId: string): string {
  return `/_api/worker/${encodeURIComponent(workerId)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
