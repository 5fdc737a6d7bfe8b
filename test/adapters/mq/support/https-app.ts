import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { SignedCertificate } from '../../../../src/adapters/tls/index.ts';

export interface Listening {
  readonly endpoint: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serves an app over real HTTPS on the loopback. */
export async function serveHttps(app: Pick<Hono, 'fetch'>, signed: SignedCertificate): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: (request, env) => app.fetch(request, env),
    createServer,
    serverOptions: { cert: signed.certificate, key: signed.key },
  }) as Server;
  return listen(server);
}

export async function listen(server: Server): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://127.0.0.1:${port}`,
    server,
    close: async () => {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
