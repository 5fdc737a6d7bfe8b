import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ArangoRequest } from '../../../src/replication/arango.ts';
import type { FakeServer } from './fake-deployment.ts';

export interface HttpFront {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Serves a fake database over HTTP, so that whole processes can be run against it. */
export async function serveFake(fake: FakeServer, deploymentId: string): Promise<HttpFront> {
  const server = createServer(async (incoming, outgoing) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const [, database, path] = /^\/_db\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
    const text = Buffer.concat(parts).toString();
    const answer =
      fixed(path ?? '', deploymentId) ?? (await fake.request(requestOf(incoming, database, path, url, text)));
    const headers = { ...('headers' in answer ? answer.headers : {}), 'content-type': 'application/json' };
    outgoing.writeHead(answer.status, headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fixed(path: string, deploymentId: string): { status: number; body: string } | undefined {
  if (path === '/_api/wal/lastTick') {
    return { status: 200, body: JSON.stringify({ tick: '1', server: { serverId: deploymentId } }) };
  }
  const isUser = /^\/_api\/user\/root\/database\/_system$/.test(path);
  return isUser ? { status: 200, body: '{"result":"rw"}' } : undefined;
}

function requestOf(
  incoming: { readonly method?: string | undefined; readonly headers: Record<string, unknown> },
  database: string | undefined,
  path: string | undefined,
  url: URL,
  text: string,
): ArangoRequest {
  const query = Object.fromEntries(
    [...url.searchParams].map(([name, value]) => [name, value === 'true' ? true : value]),
  );
  const ifMatch = incoming.headers['if-match'];
  const authorization = incoming.headers.authorization;
  return {
    method: (incoming.method ?? 'GET') as ArangoRequest['method'],
    path: path ?? url.pathname,
    database: decodeURIComponent(database ?? '_system'),
    query,
    headers: {
      ...(typeof ifMatch === 'string' ? { 'if-match': ifMatch } : {}),
      authorization: typeof authorization === 'string' ? authorization : '',
    },
    ...(text === '' ? {} : { body: JSON.parse(text) }),
  };
}
