import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Control } from './control.ts';
import type { Fault } from './faults.ts';

const BODY_BYTES_MAX = 64 * 1024;

const server = z.string().optional();
const choice = {
  database: z.string().optional(),
  collection: z.string(),
  shard: z.union([z.string(), z.number()]).optional(),
};

const action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms: z.number().min(0) }),
  z.strictObject({
    kind: z.literal('fail'),
    status: z.number().int().min(400).max(599),
    errorNum: z.number().int().optional(),
    message: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('cut') }),
  z.strictObject({ kind: z.literal('cut-then-land'), ms: z.number().min(0) }),
  z.strictObject({ kind: z.literal('cut-then-hold') }),
]);

const faultBody = z.strictObject({
  server,
  method: z.string().optional(),
  path: z.string().optional(),
  count: z.number().int().min(1).optional(),
  skip: z.number().int().min(0).optional(),
  when: z.enum(['before', 'after']).optional(),
  action,
});

/** `POST /_control/<name>` → what it does with its body; the answer is the result as JSON. */
const commands: Readonly<Record<string, (control: Control, body: unknown) => unknown>> = {
  faults: (control, body) => {
    const { path, ...rule } = faultBody.parse(body);
    return shown(control.addFault(defined({ ...rule, ...(path === undefined ? {} : { path: new RegExp(path) }) })));
  },
  'release-held': async (control) => ({ released: await control.releaseHeld() }),
  install: (control, body) => {
    const wish = z.strictObject({ version: z.string(), server }).parse(body);
    return control.install(wish.version, wish.server);
  },
  'read-only': (control, body) => control.setReadOnly(z.strictObject({ value: z.boolean() }).parse(body).value),
  'queue-time': (control, body) =>
    control.setQueueTime(z.strictObject({ seconds: z.number().min(0) }).parse(body).seconds),
  clock: (control, body) => control.setClock(z.strictObject({ behindMs: z.number().min(0) }).parse(body).behindMs),
  'raise-ids': (control, body) => control.raiseIds(z.strictObject({ id: z.string() }).parse(body).id),
  prune: (control, body) => {
    const wish = z.strictObject({ server, upToTick: z.number().optional() }).parse(body);
    return { oldestTick: control.prune(wish.server, wish.upToTick) };
  },
  'drift-tree': (control, body) => {
    const wish = z.strictObject({ server, database: z.string().optional(), collection: z.string() }).parse(body);
    return control.driftTree(wish.collection, wish.database, wish.server);
  },
  freeze: (control, body) => {
    const wish = z.strictObject({ server, heartbeats: z.boolean().optional() }).parse(body);
    return control.freeze(wish.server, defined({ heartbeats: wish.heartbeats }));
  },
  thaw: (control, body) => control.thaw(z.strictObject({ server }).parse(body).server),
  stop: (control, body) => {
    const wish = z.strictObject({ server, failover: z.boolean().optional() }).parse(body);
    return control.stop(wish.server, defined({ failover: wish.failover }));
  },
  start: (control, body) => control.start(z.strictObject({ server }).parse(body).server),
  restart: (control, body) => control.restart(z.strictObject({ server }).parse(body).server),
  'hold-mode': (control, body) => control.holdMode(z.strictObject({ server }).parse(body).server),
  'release-mode': (control, body) => control.releaseMode(z.strictObject({ server }).parse(body).server),
  'ignore-clocks': (control, body) => {
    const wish = z.strictObject({ server, value: z.boolean() }).parse(body);
    return control.ignoreClocks(wish.server, wish.value);
  },
  'cut-connections': (control, body) => control.cutConnections(z.strictObject({ server }).parse(body).server),
  'lose-power': async (control, body) => {
    const wish = z.strictObject({ server, fromTick: z.number().optional() }).parse(body);
    return { newestTick: await control.losePower(wish.server, wish.fromTick) };
  },
  'fail-over': (control, body) => control.failOver(z.strictObject({ server: z.string() }).parse(body).server),
  'move-leader': (control, body) => {
    const { to, ...shard } = z.strictObject({ ...choice, to: z.string().optional() }).parse(body);
    return { leader: control.moveLeader(defined(shard), to) };
  },
  'move-shard': (control, body) => {
    const { from, to, ...shard } = z.strictObject({ ...choice, from: z.string(), to: z.string() }).parse(body);
    return control.moveShard(defined(shard), from, to);
  },
};

/** Leaves out what is undefined. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function shown({ id, hits, rule }: Fault): object {
  return { id, hits, ...rule, ...(rule.path === undefined ? {} : { path: rule.path.source }) };
}

/**
 * The control API over HTTP, on a port of its own, so that the servers' API stays as it is:
 * `POST /_control/<command>`, `GET /_control` (description), `GET|DELETE /_control/faults`.
 * Every call needs `Authorization: bearer <token>`.
 */
export class ControlDoor {
  readonly #control: Control;
  readonly #token: string;
  readonly #describe: () => string;
  #server: Server | undefined;

  constructor(control: Control, token: string, describe: () => string) {
    this.#control = control;
    this.#token = token;
    this.#describe = describe;
  }

  /** Tells the URL. */
  async listen(host: string, port: number): Promise<string> {
    const door = createServer((request, response) => {
      void this.#answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve, reject) => {
      door.once('error', reject);
      door.listen(port, host, () => resolve());
    });
    this.#server = door;
    return `http://${host}:${(door.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const door = this.#server;
    if (door === undefined) return;
    this.#server = undefined;
    door.closeAllConnections();
    await new Promise<void>((resolve) => door.close(() => resolve()));
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    if (request.headers.authorization !== `bearer ${this.#token}`) return [401, { error: 'not authorized' }];
    try {
      return await this.#run(request);
    } catch (error) {
      const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      return [400, { error: message }];
    }
  }

  async #run(request: IncomingMessage): Promise<[number, unknown]> {
    const { method, url } = request;
    if (method === 'GET' && url === '/_control') return [200, { description: this.#describe() }];
    if (url === '/_control/faults' && method === 'GET') return [200, { faults: this.#control.faults().map(shown) }];
    if (url === '/_control/faults' && method === 'DELETE') {
      this.#control.clearFaults();
      return [200, {}];
    }
    const name = /^\/_control\/([a-z-]+)$/.exec(url ?? '')?.[1];
    const command = name === undefined ? undefined : commands[name];
    if (command === undefined || method !== 'POST') return [404, { error: `unknown: ${method} ${url}` }];
    return [200, (await command(this.#control, await readJson(request))) ?? {}];
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_BYTES_MAX) throw new Error('the body is too large');
    pieces.push(piece);
  }
  return length === 0 ? {} : JSON.parse(Buffer.concat(pieces).toString());
}
