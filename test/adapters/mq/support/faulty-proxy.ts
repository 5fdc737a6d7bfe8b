import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { Agent } from 'undici';
import type { LoopbackCertificates } from './certificates.ts';
import { type Listening, listen } from './https-app.ts';

/** What happens to one request on its way. */
export interface Fault {
  /** The request is done, and the connection cut after so many bytes of the answer. 0: the answer is lost whole. */
  readonly cutAnswerAfterBytes?: number;
  /** The request arrives a second time, with its answer thrown away, while the first is being answered. */
  readonly twice?: boolean;
  /** The request never arrives. */
  readonly lost?: boolean;
  /** The answer is held back until this resolves. */
  readonly until?: Promise<void>;
}

export interface FaultyProxy extends Listening {
  /** Paths of the requests that came, in order. */
  readonly requests: string[];
  /** Bytes of answers passed on. */
  readonly passedBytes: () => number;
}

/** An HTTPS proxy that damages what passes as it is told, request by request. */
export async function startFaultyProxy(
  upstream: () => string,
  certificates: LoopbackCertificates,
  faultFor: (request: { readonly method: string; readonly path: string; readonly number: number }) => Fault,
): Promise<FaultyProxy> {
  const agent = new Agent({ connect: { ca: certificates.ca }, allowH2: false });
  const requests: string[] = [];
  let passed = 0;

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = incoming.method ?? 'GET';
    const path = incoming.url ?? '/';
    requests.push(`${method} ${path}`);
    const fault = faultFor({ method, path, number: requests.length });
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    if (fault.lost === true) return void outgoing.destroy();
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = incoming.headers;
    const send = (signal: AbortSignal) =>
      agent.request({
        origin: upstream(),
        path,
        method: method as 'GET',
        headers: headers as Record<string, string>,
        body: pieces.length > 0 ? Buffer.concat(pieces) : null,
        signal,
      });
    const first = send(gone.signal);
    if (fault.twice === true) {
      // The answer of the second one is read and thrown away for as long as it lasts.
      void first
        .then(() => send(gone.signal))
        .then((answer) => answer.body.dump({ limit: Number.MAX_SAFE_INTEGER, signal: gone.signal }))
        .catch(() => undefined);
    }
    const answer = await first;
    await fault.until;
    if (fault.cutAnswerAfterBytes === 0) return void outgoing.destroy();
    outgoing.writeHead(answer.statusCode, {
      'content-type': String(answer.headers['content-type'] ?? ''),
      'x-arangosync-time': String(answer.headers['x-arangosync-time'] ?? ''),
    });
    let left = fault.cutAnswerAfterBytes ?? Number.POSITIVE_INFINITY;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      const piece = chunk.subarray(0, Math.min(left, chunk.length));
      left -= piece.length;
      passed += piece.length;
      if (!outgoing.write(piece)) await once(outgoing, 'drain', { signal: gone.signal });
      if (left === 0) {
        // What was written goes out before the connection is cut.
        await new Promise<void>((resolve) => outgoing.write('', () => resolve()));
        return void outgoing.destroy();
      }
    }
    outgoing.end();
  }

  const server = createServer({ cert: certificates.server.certificate, key: certificates.server.key }, (req, res) => {
    forward(req, res).catch(() => res.destroy());
  });
  const listening = await listen(server);
  return {
    ...listening,
    requests,
    passedBytes: () => passed,
    close: async () => {
      await listening.close();
      await agent.destroy();
    },
  };
}
