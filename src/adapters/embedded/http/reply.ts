/** What a handler answers. The door adds the standard headers of reference 1.2, `Content-Length`, and the queue time. */
export interface Reply {
  readonly status: number;
  /** Names as they go out (`X-Arango-…`, `Etag`, `Location`); the door sends them as given. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Full `Content-Type` with charset. Default: `text/plain; charset=utf-8` without a body, JSON with one. */
  readonly contentType?: string;
  /** The body in pieces (never copied together). Absent or empty: length 0. Of HEAD the length is told, the bytes not sent. */
  readonly body?: readonly Buffer[];
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const TEXT_TYPE = 'text/plain; charset=utf-8';
export const DUMP_TYPE = 'application/x-arango-dump; charset=utf-8';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A bare payload as compact JSON (the third shape of 1.3). */
export function json(status: number, payload: unknown, headers?: Headers): Reply {
  return jsonText(status, JSON.stringify(payload), headers);
}

/** JSON text that is ready. */
export function jsonText(status: number, text: string | Buffer, headers?: Headers): Reply {
  const body = [typeof text === 'string' ? Buffer.from(text) : text];
  return { status, contentType: JSON_TYPE, body, ...(headers === undefined ? {} : { headers }) };
}

/** `{"error":false,"code":<status>,"result":<payload>}` (first shape of 1.3). */
export function result(status: number, payload: unknown, headers?: Headers): Reply {
  return json(status, { error: false, code: status, result: payload }, headers);
}

/** `{"error":false,"code":<status>,…payload}` (second shape of 1.3, error and code first). */
export function merged(status: number, payload: object, headers?: Headers): Reply {
  return json(status, { error: false, code: status, ...payload }, headers);
}

/** `{…payload,"code":<status>,"error":false}`: single-index and user answers end with them (1.3). */
export function mergedLast(status: number, payload: object, headers?: Headers): Reply {
  return json(status, { ...payload, code: status, error: false }, headers);
}

/** No body: `text/plain`, length 0. */
export function empty(status: number, headers?: Headers): Reply {
  return { status, contentType: TEXT_TYPE, ...(headers === undefined ? {} : { headers }) };
}

/** Bytes of another type, e.g. {@link DUMP_TYPE}. */
export function bytes(status: number, contentType: string, body: readonly Buffer[], headers?: Headers): Reply {
  return { status, contentType, body, ...(headers === undefined ? {} : { headers }) };
}

/** The error body of 1.3, keys in the server's order. */
export function failure(status: number, errorNum: number, message: string, headers?: Headers): Reply {
  return json(status, { code: status, error: true, errorMessage: message, errorNum }, headers);
}
