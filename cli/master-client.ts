import { Agent, type Dispatcher } from 'undici';
import { type ZodType, z } from 'zod';
import { textLines } from '../src/adapters/event-files/text-lines.ts';
import { signJwt } from '../src/adapters/http/jwt.ts';
import { ApiErrorBody } from '../src/wire/api-error.ts';
import { CommandFailed, MasterRefused, UsageError } from './errors.ts';
import { readKeyfile } from './keyfile.ts';
import type { masterOptions } from './master-options.ts';
import type { OptionValues } from './options.ts';

type MasterOptionValues = OptionValues<typeof masterOptions>;

/** A call may be long where the server waits (stop); the master itself answers within two minutes. */
const CALL_TIMEOUT_MS = 150_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Long enough for one call that waits; a token is made for every client anew. */
const TOKEN_LIFETIME_S = 3_600;

export interface MasterCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

/** Talks to the masters of one datacenter: any of them, the next one when one does not answer or cannot serve now. */
export interface MasterClient {
  /** Resolves with the answer; throws {@link CommandFailed} with the master's own words, or why none answered. */
  ask<T>(call: MasterCall, answer: ZodType<T>): Promise<T>;
  /** Like {@link ask}, for commands whose answer says nothing beside that it succeeded. */
  tell(call: MasterCall): Promise<void>;
  /**
   * The lines of an answer that comes in JSON lines, as they come. Throws {@link CommandFailed} like {@link ask}, and when
   * the answer breaks off with an error.
   */
  lines<T>(call: MasterCall, line: ZodType<T>): AsyncIterable<T>;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** Warns once, on `warn`, when the masters' certificates will not be verified. */
export function connectMasters(options: MasterOptionValues, warn: (line: string) => void): MasterClient {
  const authorization = authorizationOf(options);
  const client = options.keyfile === undefined ? undefined : readKeyfile('--auth.keyfile', options.keyfile, 'client');
  if (options.caCertificate === undefined) {
    warn("WARNING: the master's certificate is not verified; use --master.cacert to verify it");
  }
  const dispatcher = new Agent({
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: options.caCertificate !== undefined,
      ...(options.caCertificate !== undefined && { ca: options.caCertificate }),
      ...(client && { cert: client.certificate, key: client.key }),
    },
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: CALL_TIMEOUT_MS,
  });
  return {
    ask: (request, answer) => callAny(options.endpoints, request, answer, dispatcher, authorization),
    tell: async (request) => void (await callAny(options.endpoints, request, z.unknown(), dispatcher, authorization)),
    lines: (call, line) => answerLines(options.endpoints, call, line, dispatcher, authorization),
    close: () => dispatcher.close(),
  };
}

async function callAny<T>(
  endpoints: readonly string[],
  call: MasterCall,
  answer: ZodType<T>,
  dispatcher: Dispatcher,
  authorization: string | undefined,
): Promise<T> {
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    const outcome = await callOne(endpoint, call, answer, dispatcher, authorization);
    if (outcome.kind === 'answered') return outcome.value;
    if (outcome.kind === 'refused') throw new MasterRefused(outcome.status, outcome.reason);
    failures.push(`${endpoint}: ${outcome.reason}`);
  }
  throw new CommandFailed(`no master could serve the request (${failures.join('; ')})`);
}

async function* answerLines<T>(
  endpoints: readonly string[],
  call: MasterCall,
  line: ZodType<T>,
  dispatcher: Dispatcher,
  authorization: string | undefined,
): AsyncGenerator<T> {
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    const opened = await openLines(endpoint, call, dispatcher, authorization);
    if (opened.kind === 'refused') throw new MasterRefused(opened.status, opened.reason);
    if (opened.kind === 'answered') return yield* parseLines(endpoint, opened.value, line);
    failures.push(`${endpoint}: ${opened.reason}`);
  }
  throw new CommandFailed(`no master could serve the request (${failures.join('; ')})`);
}

async function openLines(
  endpoint: string,
  call: MasterCall,
  dispatcher: Dispatcher,
  authorization: string | undefined,
): Promise<Outcome<AsyncIterable<Uint8Array>>> {
  try {
    const { statusCode, body } = await dispatcher.request(requestOf(endpoint, call, authorization));
    if (statusCode === 200) return { kind: 'answered', value: body };
    return refusalOf(statusCode, await body.text());
  } catch (error) {
    return { kind: 'unavailable', reason: networkReason(error) };
  }
}

async function* parseLines<T>(endpoint: string, body: AsyncIterable<Uint8Array>, line: ZodType<T>): AsyncGenerator<T> {
  try {
    for await (const text of textLines(body)) {
      const content: unknown = JSON.parse(text);
      const failure = ApiErrorBody.safeParse(content);
      if (failure.success) throw new CommandFailed(`${endpoint}: ${failure.data.error}`);
      yield line.parse(content);
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`${endpoint}: the answer broke off: ${networkReason(error)}`);
  }
}

type Outcome<T> =
  | { kind: 'answered'; value: T }
  /** The master said no: another one would say the same. */
  | { kind: 'refused'; status: number; reason: string }
  /** Not reached, or not able to serve now (408, 5xx): the next endpoint may be. */
  | { kind: 'unavailable'; reason: string };

async function callOne<T>(
  endpoint: string,
  call: MasterCall,
  answer: ZodType<T>,
  dispatcher: Dispatcher,
  authorization: string | undefined,
): Promise<Outcome<T>> {
  try {
    const { statusCode, body } = await dispatcher.request(requestOf(endpoint, call, authorization));
    const text = await body.text();
    if (statusCode === 200) return { kind: 'answered', value: parseAnswer(text, answer) };
    return refusalOf(statusCode, text);
  } catch (error) {
    return { kind: 'unavailable', reason: networkReason(error) };
  }
}

function requestOf(endpoint: string, call: MasterCall, authorization: string | undefined): Dispatcher.RequestOptions {
  return {
    origin: new URL(endpoint).origin,
    path: call.path,
    method: call.method,
    headers: {
      'x-allow-forward-to-leader': 'true',
      'x-arangosync-client-id': 'arangosync-cli',
      ...(authorization !== undefined && { authorization }),
    },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    ...(call.signal !== undefined && { signal: call.signal }),
  };
}

function refusalOf(statusCode: number, text: string): Exclude<Outcome<never>, { kind: 'answered' }> {
  const reason = `${errorText(text)} (status ${statusCode})`;
  const temporary = statusCode === 408 || statusCode >= 500;
  return temporary ? { kind: 'unavailable', reason } : { kind: 'refused', status: statusCode, reason };
}

function parseAnswer<T>(text: string, answer: ZodType<T>): T {
  try {
    return answer.parse(JSON.parse(text));
  } catch {
    throw new Error('its answer is not that of a sync master: is this the right port, and the same version?');
  }
}

function errorText(text: string): string {
  try {
    const { error } = JSON.parse(text);
    if (typeof error === 'string') return error;
  } catch {
    // Not a master of ours; its text is the best there is.
  }
  return text.slice(0, 200) || 'no text';
}

function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && cause.message === '' ? String(cause.code) : cause.message;
}

function authorizationOf({ user, password, jwtSecret, keyfile }: MasterOptionValues): string | undefined {
  if (user !== undefined) return `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
  if (jwtSecret !== undefined) return `bearer ${masterToken(jwtSecret)}`;
  if (keyfile === undefined) {
    throw new UsageError('say who you are: --auth.user and --auth.password, --auth.keyfile, or --auth.jwt-secret');
  }
  return undefined;
}

/** The token that masters accept from whoever has their JWT secret. */
export function masterToken(secret: string): string {
  const now = Math.floor(Date.now() / 1_000);
  return signJwt({ iss: 'arangosync', server_id: 'arangosync-cli', iat: now, exp: now + TOKEN_LIFETIME_S }, secret);
}
