import { request as startRequest } from 'node:http';
import type { Json, JsonObject } from '../../../../src/adapters/embedded/engine/types.ts';

/** An answer as it stood on the wire. */
export interface Answer {
  readonly status: number;
  /** Lower-case names; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The body parsed; undefined without one. */
  readonly json: JsonObject;
  readonly list: readonly JsonObject[];
}

export interface Call {
  readonly body?: Json | Buffer;
  /** Sent as it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client for one endpoint, close to the wire. */
export class Client {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(endpoint: string, authorization?: string) {
    this.endpoint = endpoint;
    this.headers = authorization === undefined ? {} : { authorization };
  }

  call(method: string, path: string, { body, text, headers }: Call = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.endpoint);
    const bytes = body instanceof Buffer ? body : Buffer.from(text ?? (body === undefined ? '' : JSON.stringify(body)));
    const length: Record<string, string> = bytes.length > 0 ? { 'content-length': String(bytes.length) } : {};
    return new Promise((resolve, reject) => {
      const options = {
        hostname,
        port,
        method,
        path,
        headers: { connection: 'keep-alive', ...length, ...this.headers, ...headers },
        agent: false,
      };
      const sent = startRequest(options, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve(new ReadAnswer(answer.statusCode ?? 0, answer.rawHeaders, Buffer.concat(pieces).toString()));
        });
      });
      sent.on('error', reject);
      sent.end(bytes);
    });
  }

  get(path: string, call?: Call): Promise<Answer> {
    return this.call('GET', path, call);
  }

  post(path: string, body?: Json, call?: Call): Promise<Answer> {
    return this.call('POST', path, { ...call, ...(body === undefined ? {} : { body }) });
  }

  put(path: string, body?: Json, call?: Call): Promise<Answer> {
    return this.call('PUT', path, { ...call, ...(body === undefined ? {} : { body }) });
  }

  patch(path: string, body?: Json, call?: Call): Promise<Answer> {
    return this.call('PATCH', path, { ...call, ...(body === undefined ? {} : { body }) });
  }

  delete(path: string, body?: Json, call?: Call): Promise<Answer> {
    return this.call('DELETE', path, { ...call, ...(body === undefined ? {} : { body }) });
  }
}

class ReadAnswer implements Answer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly text: string;

  constructor(status: number, rawHeaders: readonly string[], text: string) {
    this.status = status;
    this.rawHeaders = rawHeaders;
    this.text = text;
  }

  get headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    for (let index = 0; index < this.rawHeaders.length; index += 2) {
      headers[(this.rawHeaders[index] as string).toLowerCase()] = this.rawHeaders[index + 1] as string;
    }
    return headers;
  }

  get json(): JsonObject {
    return JSON.parse(this.text) as JsonObject;
  }

  get list(): readonly JsonObject[] {
    return JSON.parse(this.text) as readonly JsonObject[];
  }
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export function bearer(token: string): string {
  return `bearer ${token}`;
}

/** Number and status of an error answer. */
export function failureOf(answer: Answer): readonly [number, number] {
  const { errorNum, code, error } = answer.json;
  if (error !== true || code !== answer.status) throw new Error(`no error answer: ${answer.status} ${answer.text}`);
  return [answer.status, errorNum as number];
}
