import { Agent, request as send } from 'undici';
import { ApiErrorBody } from '../../wire/api-error.ts';

export interface EndpointClientOptions {
  /** URLs that mean the same service; tried in turn, from the one that answered last. */
  readonly endpoints: readonly string[];
  /** PEM; absent: the system's CAs. */
  readonly ca?: string;
  /** Default true. */
  readonly verify?: boolean;
  /** Client certificate and key, PEM. */
  readonly certificate?: string;
  readonly key?: string;
  /** `Authorization` of each request; several are tried in turn where one is refused, from the one that was taken last. */
  readonly authorization?: () => string | readonly string[];
}

export interface EndpointRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole answer, per endpoint. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly text: string;
}

const connectTimeoutMs = 5_000;
const answerBytesMax = 256 * 1024 * 1024;

/** Every endpoint failed; the message names each with its reason. */
export class EndpointsFailed extends Error {
  override readonly name = 'EndpointsFailed';
}

/**
 * Calls masters: the same request to one endpoint after the other until one answers with something that is not
 * temporary. 408 and 5xx are temporary (every command may be repeated).
 */
export class EndpointClient {
  readonly #options: EndpointClientOptions;
  readonly #agent: Agent;
  #preferred = 0;
  /** Index of the authorization that an endpoint took last. */
  readonly #taken = new Map<string, number>();

  constructor(options: EndpointClientOptions) {
    this.#options = options;
    this.#agent = new Agent({
      maxResponseSize: answerBytesMax,
      connect: {
        timeout: connectTimeoutMs,
        rejectUnauthorized: options.verify ?? true,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(options.certificate === undefined ? {} : { cert: options.certificate }),
        ...(options.key === undefined ? {} : { key: options.key }),
      },
    });
  }

  /** Throws {@link EndpointsFailed} when no endpoint gave an answer that stays. */
  async request(request: EndpointRequest): Promise<EndpointAnswer> {
    const failures: string[] = [];
    const { endpoints } = this.#options;
    for (let tried = 0; tried < endpoints.length; tried += 1) {
      const index = (this.#preferred + tried) % endpoints.length;
      const endpoint = endpoints[index] ?? '';
      try {
        const answer = await this.#sendAuthorized(endpoint, request);
        if (answer.status !== 408 && answer.status < 500) {
          this.#preferred = index;
          return answer;
        }
        failures.push(`${endpoint}: ${answer.status} ${errorText(answer.text)}`);
      } catch (error) {
        request.signal?.throwIfAborted();
        failures.push(`${endpoint}: ${reasonOf(error)}`);
      }
    }
    throw new EndpointsFailed(`${request.method} ${request.path}: ${failures.join('; ') || 'no endpoint known'}`);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** Not all processes change a secret at the same moment: whoever does not know the new one yet knows the old one. */
  async #sendAuthorized(endpoint: string, request: EndpointRequest): Promise<EndpointAnswer> {
    const given = this.#options.authorization?.() ?? [];
    const authorizations = typeof given === 'string' ? [given] : given;
    const taken = this.#taken.get(endpoint) ?? 0;
    for (let tried = 0; ; tried += 1) {
      const index = (taken + tried) % Math.max(1, authorizations.length);
      const answer = await this.#send(endpoint, request, authorizations[index]);
      if (answer.status !== 401) this.#taken.set(endpoint, index);
      if (answer.status !== 401 || tried + 1 >= authorizations.length) return answer;
    }
  }

  async #send(endpoint: string, request: EndpointRequest, authorization: string | undefined): Promise<EndpointAnswer> {
    const timeout = AbortSignal.timeout(request.timeoutMs);
    const answer = await send(new URL(request.path, endpoint), {
      method: request.method,
      dispatcher: this.#agent,
      headers: {
        'x-allow-forward-to-leader': 'true',
        ...(authorization === undefined ? {} : { authorization }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
}

/** The text of an error answer, or its beginning when it is not ours. */
export function errorText(text: string): string {
  try {
    const body = ApiErrorBody.safeParse(JSON.parse(text));
    if (body.success) return body.data.error;
  } catch {
    // Not JSON: a proxy or another program answered.
  }
  return text.slice(0, 200);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
