import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Below those that systems give to outgoing connections, one of which could take a port before its process has it. */
const PORT_FIRST = 15_000;
const PORT_END = 32_000;
const PORT_TRIES_MAX = 1_000;

/** TCP ports of `host` that were free a moment ago; all different. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (let tries = 0; servers.length < count; tries += 1) {
      if (tries >= count + PORT_TRIES_MAX) throw new Error(`found no ${count} free ports on ${host}`);
      const server = await listening(randomInt(PORT_FIRST, PORT_END), host);
      if (server !== undefined) servers.push(server);
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** As {@link freePorts}, one. */
export async function freePort(host?: string): Promise<number> {
  const [port] = await freePorts(1, host);
  if (port === undefined) throw new Error('found no free port');
  return port;
}

/** Undefined: somebody has the port. */
async function listening(port: number, host: string): Promise<Server | undefined> {
  const server = createServer().listen(port, host);
  return await once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}
