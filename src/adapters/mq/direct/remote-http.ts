import type { Dispatcher } from 'undici';
import type { RemoteQueue } from '../../../wire/worker.ts';
import { SILENCE_MS_MAX } from './limits.ts';
import { TrustingAgent } from './trusting-agent.ts';

export interface RemoteRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** With query. */
  readonly path: string;
  readonly body?: string;
  /** Default: what packs. */
  readonly acceptEncoding?: string;
  readonly signal: AbortSignal;
}

export interface RemoteAnswer {
  readonly headers: Dispatcher.ResponseData['headers'];
  /** Throws {@link RemoteUnavailable} when the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The network failed, or an answer asks to try again (401 while a token is renewed, 408, 429, 5xx). */
export class RemoteUnavailable extends Error {
  override readonly name = 'RemoteUnavailable';
}

/** The other side refused for good, with its text. */
export class RemoteRefused extends Error {
  override readonly name = 'RemoteRefused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PACKED = 'zstd, gzip';

/** Answers that say "not now" or "not here". */
const temporary = (status: number) => status === 401 || status === 408 || status === 429 || status >= 500;

/**
 * One service of the other datacenter behind equivalent endpoints: requests go to one of them until it fails, then to the
 * next. What it is reached with (endpoints, CA, token) is asked anew each time, since a leader renews it. The
 * certificate is always verified, against the given CA and nothing else.
 */
export class RemoteHttp {
  readonly #remote: () => RemoteQueue;
  readonly #agent: TrustingAgent;
  #endpoint = 0;

  constructor(remote: () => RemoteQueue, silenceMs: number = SILENCE_MS_MAX) {
    this.#remote = remote;
    this.#agent = new TrustingAgent(silenceMs);
  }

  /** An answer of status 200; its body must be iterated. Throws {@link RemoteUnavailable}, {@link RemoteRefused}. */
  async request(request: RemoteRequest): Promise<RemoteAnswer> {
    const { headers, body } = await this.#exchange(request);
    return { headers, body: reading(body, request) };
  }

  /** {@link request}, its body parsed as JSON. */
  async json(request: RemoteRequest): Promise<{ readonly headers: RemoteAnswer['headers']; readonly value: unknown }> {
    const { headers, body } = await this.#exchange(request);
    const value = await body.json().catch((error: unknown) => {
      request.signal.throwIfAborted();
      throw brokenOff(request, error);
    });
    return { headers, value };
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #exchange(request: RemoteRequest): Promise<Dispatcher.ResponseData> {
    const { endpoints, caCertificate, token } = this.#remote();
    const at = this.#endpoint;
    const endpoint = endpoints[at % endpoints.length];
    if (endpoint === undefined) throw new RemoteUnavailable('no endpoint of the other datacenter is known');
    const failed = (why: string, cause?: unknown) => {
      if (this.#endpoint === at) this.#endpoint = at + 1;
      return new RemoteUnavailable(`${request.method} ${new URL(request.path, endpoint)}: ${why}`, { cause });
    };
    const answer = await this.#send(new URL(request.path, endpoint), request, caCertificate, token).catch((error) => {
      request.signal.throwIfAborted();
      throw failed(error instanceof Error ? error.message : String(error), error);
    });
    if (answer.statusCode === 200) return answer;
    const text = await errorText(answer);
    if (temporary(answer.statusCode)) throw failed(`${answer.statusCode} ${text}`);
    throw new RemoteRefused(answer.statusCode, text);
  }

  #send(url: URL, request: RemoteRequest, ca: string, token: string): Promise<Dispatcher.ResponseData> {
    return this.#agent.trusting(ca).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: {
        authorization: `bearer ${token}`,
        'accept-encoding': request.acceptEncoding ?? PACKED,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: request.signal,
    });
  }
}

async function* reading(body: AsyncIterable<Uint8Array>, request: RemoteRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    request.signal.throwIfAborted();
    throw brokenOff(request, error);
  }
}

function brokenOff(request: RemoteRequest, cause: unknown): RemoteUnavailable {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RemoteUnavailable(`${request.method} ${request.path}: the answer broke off: ${why}`, { cause });
}

const ERROR_TEXT_CHARACTERS_MAX = 1000;

async function errorText(answer: Dispatcher.ResponseData): Promise<string> {
  const text = await answer.body.text().catch(() => '');
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) return String(parsed.error);
  } catch {
    // Not one of ours: shown as it is.
  }
  return text.slice(0, ERROR_TEXT_CHARACTERS_MAX);
}
