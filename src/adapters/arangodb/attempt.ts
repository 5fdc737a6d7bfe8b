import { type Dispatcher, Pool } from 'undici';
import { type ArangoAnswer, ArangoUnreachable } from '../../replication/arango.ts';

/** One answer is held in memory: a transaction of the source's log can be one answer (reference 6.4). */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024 * 1024;
const LARGE_BODY_BYTES = 8 * 1024 * 1024;
const CONNECTIONS_PER_ENDPOINT_MAX = 64;
/** Below the 300 s after which ArangoDB closes an idle connection (reference 1.2). */
const IDLE_CONNECTION_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Failures in which no byte of the request can have reached the server. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
]);

/** Why an attempt brought no answer. `sent: false` is certain: the server has not seen the request. */
export class AttemptFailed extends ArangoUnreachable {
  readonly sent: boolean;
  constructor(message: string, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.sent = sent;
  }
}

/** What goes over the wire in one attempt. */
export interface Attempt {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Told the size of the answer's body, where it is known, before any of it is taken. */
  readonly admit?: ((bytes: number) => Promise<void>) | undefined;
}

export interface TlsOptions {
  /** PEM of the CA that verifies the servers; absent: the system's. */
  readonly ca?: string;
  /** False: any certificate is taken. */
  readonly verify: boolean;
}

/** A pool of kept-alive connections to one endpoint. */
export function openPool(origin: string, tls: TlsOptions, connections = CONNECTIONS_PER_ENDPOINT_MAX): Pool {
  return new Pool(origin, {
    connections,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_CONNECTION_MS,
    maxResponseSize: ANSWER_BYTES_MAX,
    allowH2: false,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: tls.verify,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    },
  });
}

/** Sends once. Throws {@link AttemptFailed} without an answer, and the signal's reason when the caller gave up. */
export async function attempt(pool: Pool, request: Attempt): Promise<ArangoAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
  try {
    const answer = await pool.request({
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: request.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const length = request.method === 'HEAD' ? 0 : Number(answer.headers['content-length'] ?? 0);
    await admitted(request, answer, length, signal);
    const body = await wholeBody(answer.body, length);
    return { status: answer.statusCode, headers: flatten(answer.headers), body };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (timeout.aborted) throw new AttemptFailed(`no answer within ${request.timeoutMs} ms`, true, error);
    throw new AttemptFailed(describe(error), !NOT_CONNECTED.has(codeOf(error)), error);
  }
}

/** An answer that is not taken after all must not keep its connection. */
async function admitted(
  { admit }: Attempt,
  { body }: Dispatcher.ResponseData,
  length: number,
  signal: AbortSignal,
): Promise<void> {
  if (admit === undefined || length === 0) return;
  try {
    await admit(length);
    signal.throwIfAborted();
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** A large body is put into one piece as it comes: its parts and the whole would take twice the memory. */
async function wholeBody(body: Dispatcher.ResponseData['body'], length: number): Promise<Buffer> {
  if (length < LARGE_BODY_BYTES) return Buffer.from(await body.arrayBuffer());
  const whole = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) filled += chunk.copy(whole, filled);
  return whole.subarray(0, filled);
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) {
    // Several addresses of a host: certain only when each of them failed before the connection stood.
    const codes = error.errors.map(codeOf);
    return codes.find((code) => !NOT_CONNECTED.has(code)) ?? codes[0] ?? '';
  }
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function describe(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === '' || message.includes(code) ? message : `${code} ${message}`.trim();
}
