import type { EmbeddedDeployment } from '../../src/adapters/embedded/index.ts';
import { defineCommand } from '../command.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { duration, file, integer, oneOf, secret, textOr } from '../options.ts';
import { SERVER_VERSIONS } from '../server-versions.ts';

export const embedded = defineCommand({
  words: 'embedded',
  summary: 'Run the embedded stand-in for ArangoDB, in memory, for demos and tests',
  options: {
    mode: oneOf('mode', ['single', 'cluster'], 'single', {
      description: 'A single server, or a cluster in one process',
    }),
    serverVersion: oneOf('server-version', SERVER_VERSIONS, '3.12', {
      description: 'Version of ArangoDB to answer as',
    }),
    host: textOr('host', '127.0.0.1', { placeholder: 'address', description: 'Address to listen on' }),
    port: integer('port', 0, { description: 'First port; 0 takes free ones' }),
    dbServers: integer('dbservers', 3, { description: 'DB-Servers of a cluster' }),
    coordinators: integer('coordinators', 2, { description: 'Coordinators of a cluster' }),
    jwtSecret: secret('auth.jwt-secret', { description: 'JWT secret; switches authentication on' }),
    rootPassword: secret('auth.root-password', { description: 'Password of root; switches authentication on' }),
    keyfile: file('server.keyfile', { description: 'TLS certificate and key; switches HTTPS on' }),
    clockBehind: duration('clock-behind', '0s', {
      description: 'How far the clock is behind that revisions are made by; the control API moves it on',
    }),
    controlPort: integer('control.port', 0, { description: 'Port of the control API, with --control.token' }),
    controlToken: secret('control.token', {
      description: 'Bearer token of the control API, which makes it misbehave; without it there is none',
    }),
    output: oneOf('output', ['text', 'json'], 'text', { description: 'Form in which the endpoints are printed' }),
  },
  run: async (values, terminal) => {
    const { mode, host, port, dbServers, coordinators, jwtSecret, rootPassword, keyfile, controlToken } = values;
    if (mode === 'cluster' && (dbServers < 1 || coordinators < 1)) {
      throw new UsageError('--dbservers and --coordinators must be at least 1');
    }
    const { startEmbedded } = await import('../../src/adapters/embedded/index.ts');
    const deployment = await startEmbedded({
      ...{ mode, host, port, clockBehindMs: values.clockBehind, serverVersion: values.serverVersion },
      ...(mode === 'cluster' && { dbServers, coordinators }),
      ...((jwtSecret !== undefined || rootPassword !== undefined) && { auth: defined({ jwtSecret, rootPassword }) }),
      ...(keyfile !== undefined && { tls: { keyfile } }),
      ...(controlToken !== undefined && { control: { port: values.controlPort, token: controlToken } }),
    });
    terminal.out(values.output === 'json' ? asJson(deployment) : deployment.describe());
    await stopped(terminal.interrupted);
    await deployment.stop();
    return 0;
  },
});

function asJson({ endpoints, dbServers, controlEndpoint }: EmbeddedDeployment): string {
  return JSON.stringify({ endpoints, dbServers, controlEndpoint });
}

function stopped(interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    else interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
}
