import { Agent, request } from 'undici';
import { signJwt } from '../../../../src/adapters/http/jwt.ts';
import { client, tlsCa } from '../../../master/support/certificates.ts';
import type { Conformance, Exchange } from './conformance.ts';
import { masterSecret, monitoringToken, passwords } from './https-datacenter.ts';

/** How a caller shows who it is. */
export interface Credentials {
  readonly authorization?: string;
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

const claims = { iss: 'arangosync', server_id: 'foo' };

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The columns of the table of calls. */
export const callers = {
  anonymous: {},
  'wrong JWT': { authorization: `bearer ${signJwt(claims, 'another secret')}` },
  'right JWT': { authorization: `bearer ${signJwt(claims, masterSecret)}` },
  'user with rights': { authorization: basic('operator', passwords.operator) },
  'user without rights': { authorization: basic('reader', passwords.reader) },
  'client certificate': { certificate: client },
  'monitoring token': { authorization: `Bearer ${monitoringToken}` },
} as const satisfies Readonly<Record<string, Credentials>>;

export interface CallerOptions {
  /** CA of the process that is asked; the masters' by default. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Every exchange is held against it. */
  readonly conformance?: Conformance;
}

/** Sends requests as the Go client does: no Content-Type, a body also with GET. */
export class HttpsCaller {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #conformance: Conformance | undefined;

  constructor(
    port: number,
    { authorization, certificate }: Credentials,
    { ca = tlsCa.certificate, headers = {}, conformance }: CallerOptions = {},
  ) {
    this.#port = port;
    this.#conformance = conformance;
    const shown = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key };
    this.#agent = new Agent({ connect: { ca, ...shown } });
    const allowing = { 'x-allow-forward-to-leader': 'true', 'x-arangosync-client-id': 'a test' };
    this.#headers = { ...allowing, ...headers, ...(authorization === undefined ? {} : { authorization }) };
  }

  async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object | string): Promise<Exchange> {
    const sent = typeof body === 'object' ? JSON.stringify(body) : body;
    const answer = await request(`https://127.0.0.1:${this.#port}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: this.#headers,
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await answer.body.text();
    const exchange = {
      method,
      path,
      status: answer.statusCode,
      contentType: String(answer.headers['content-type'] ?? ''),
      text,
      ...(sent === undefined ? {} : { requestBody: sent }),
    };
    this.#conformance?.check(exchange);
    return exchange;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
