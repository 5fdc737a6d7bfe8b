import { ApiError } from '../../wire/api-error.ts';
import type { VersionInfo } from '../../wire/cluster-members.ts';
import { type App, createApp } from './app.ts';
import type { Authentication } from './authentication.ts';

/** What a master answers before it has reached its database: what it is, and that it is not ready. */
export function createStartingApp(version: VersionInfo, authentication: Authentication): App {
  const read = { method: 'GET', rights: 'operator', at: 'any' } as const;
  const notYet = () => {
    throw new ApiError(503, 'this master is starting: it has not reached its database yet');
  };
  const app = createApp(
    [
      { ...read, path: '/_api/version', rights: 'monitoring', handle: () => version },
      { ...read, path: '/_api/role', handle: () => ({ role: 'master' }) },
      { ...read, path: '/_api/health', handle: notYet },
    ],
    { authentication, onUnexpected: () => undefined },
  );
  app.notFound((context) => context.json({ error: 'this master is starting: try again' }, 503));
  return app;
}
