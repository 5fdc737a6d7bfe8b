import { throwIfError } from './answers.ts';
import type { ArangoServer } from './arango.ts';

/** Two looks at one start may differ so much, because clocks drift; taking one start for two costs a look at the data. */
const DRIFT_MS_MAX = 5;
const UPTIME = /^arangodb_server_statistics_server_uptime_total(?:\{[^}]*\})? ([0-9.eE+-]+)$/m;

/**
 * The moment of a server's start, ms since 1970: between the two, because the answer took its time. Two starts can only be
 * mistaken for one when the server did not live longer between them than a request takes.
 */
interface BootTime {
  readonly uptimeMs: number;
  readonly earliest: number;
  readonly latest: number;
}

/** What tells one start of a server from its next: behind it, what was not synced may be gone (S5, S6). */
export interface ServerStart {
  readonly name: string;
  /** A cluster's servers count their starts (reference 2.4); false for single servers, and while one starts. */
  readonly isCounted: boolean;
  /** Of a server that does not count its starts; undefined where its metrics cannot be read. */
  readonly boot?: BootTime | undefined;
}

interface Status {
  readonly pid?: unknown;
  readonly serverInfo?: { readonly persistedId?: unknown; readonly rebootId?: unknown };
}

/** Asks a server which start of it answers. */
export async function lookAtStart(
  server: ArangoServer,
  now: () => number,
  options: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<ServerStart> {
  const status = await server.json<Status>({ method: 'GET', path: '/_admin/status', ...options });
  const { persistedId, rebootId } = status.serverInfo ?? {};
  const isCounted = rebootId !== undefined;
  // In a container the process id is always the same.
  const name = JSON.stringify([status.pid, persistedId, rebootId]);
  return { name, isCounted, boot: isCounted ? undefined : await bootTimeOf(server, now, options) };
}

async function bootTimeOf(
  server: ArangoServer,
  now: () => number,
  options: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<BootTime | undefined> {
  const request = { method: 'GET', path: '/_admin/metrics/v2', ...options } as const;
  const before = now();
  const answer = await server.request(request);
  if (answer.status === 404 || answer.status === 403) return undefined;
  throwIfError(request, answer);
  const [, seconds] = UPTIME.exec(answer.body.toString('utf8')) ?? [];
  if (seconds === undefined) return undefined;
  const uptimeMs = Number(seconds) * 1_000;
  return { uptimeMs, earliest: before - uptimeMs, latest: now() - uptimeMs };
}

export function isSameStart(a: ServerStart, b: ServerStart): boolean {
  if (a.name !== b.name) return false;
  if (a.boot === undefined || b.boot === undefined) return a.boot === b.boot;
  if (b.boot.uptimeMs < a.boot.uptimeMs) return false;
  return a.boot.earliest <= b.boot.latest + DRIFT_MS_MAX && b.boot.earliest <= a.boot.latest + DRIFT_MS_MAX;
}
