import type { z } from 'zod';
import {
  type OpenSource,
  type SourceCredentials,
  type SourceMasters,
  SourceRefused,
  SourceUnreachable,
} from '../../master/source-masters.ts';
import { SourceEnd } from '../../wire/both-ends.ts';
import { SideChecksums } from '../../wire/checksums.ts';
import { OutgoingContact, WireBarrier } from '../../wire/outgoing.ts';
import { ListedDatacenter } from '../../wire/shard-listing.ts';
import { EndpointClient, type EndpointRequest, EndpointsFailed, errorText } from './endpoint-client.ts';

/** Short, so that a dead source is noticed and a leader's round does not hang on it. */
const contactTimeoutMs = 10_000;
/** Checksums read one revision tree per shard. */
const checksumTimeoutMs = 110_000;

type Request = Omit<EndpointRequest, 'timeoutMs'> & { readonly timeoutMs?: number };

/** {@link SourceMasters} over HTTPS, authenticated by the client certificate. */
export const openSource: OpenSource = (endpoints, credentials) => new SourceClient(endpoints, credentials);

class SourceClient implements SourceMasters {
  readonly #client: EndpointClient;

  constructor(endpoints: readonly string[], credentials: SourceCredentials) {
    this.#client = new EndpointClient({
      endpoints,
      ca: credentials.caCertificate,
      certificate: credentials.clientCertificate,
      key: credentials.clientKey,
    });
  }

  register(...[registration, signal]: Parameters<SourceMasters['register']>): Promise<OutgoingContact> {
    return this.#ask({ method: 'POST', path: '/_api/sync/outgoing', body: registration, signal }, OutgoingContact);
  }

  look(...[targetId, signal]: Parameters<SourceMasters['look']>): Promise<OutgoingContact> {
    return this.#ask({ method: 'GET', path: outgoing(targetId), signal }, OutgoingContact);
  }

  heartbeat(...[targetId, body, signal]: Parameters<SourceMasters['heartbeat']>): Promise<OutgoingContact> {
    return this.#ask({ method: 'POST', path: `${outgoing(targetId)}/heartbeat`, body, signal }, OutgoingContact);
  }

  async putShards(...[targetId, body, signal]: Parameters<SourceMasters['putShards']>): Promise<void> {
    await this.#send({ method: 'PUT', path: `${outgoing(targetId)}/shards`, body, signal });
  }

  async forget(...[targetId, how, signal]: Parameters<SourceMasters['forget']>): Promise<void> {
    const { serverMode = '', barrierEpoch = '', asOf = '', epoch = '' } = how;
    const query = new URLSearchParams({
      server_mode: serverMode,
      barrier: barrierEpoch,
      as_of: String(asOf),
      epoch: String(epoch),
    });
    await this.#send({ method: 'DELETE', path: `${outgoing(targetId)}?${query}`, signal });
  }

  setBarrier(...[targetId, signal]: Parameters<SourceMasters['setBarrier']>): Promise<WireBarrier> {
    return this.#ask({ method: 'PUT', path: `${outgoing(targetId)}/barrier`, signal }, WireBarrier);
  }

  async liftBarrier(...[targetId, signal]: Parameters<SourceMasters['liftBarrier']>): Promise<void> {
    await this.#send({ method: 'DELETE', path: `${outgoing(targetId)}/barrier`, signal });
  }

  async checksums(...[targetId, body, signal]: Parameters<SourceMasters['checksums']>) {
    const path = `${outgoing(targetId)}/checksums`;
    const request = { method: 'POST', path, body, signal, timeoutMs: checksumTimeoutMs } as const;
    return (await this.#ask(request, SideChecksums)).checksums;
  }

  status(...[targetId, details, signal]: Parameters<SourceMasters['status']>): Promise<SourceEnd> {
    const path = `${outgoing(targetId)}/status?details=${details}`;
    return this.#ask({ method: 'GET', path, signal }, SourceEnd);
  }

  listing(...[targetId, signal]: Parameters<SourceMasters['listing']>): Promise<ListedDatacenter> {
    const path = `${outgoing(targetId)}/listing`;
    return this.#ask({ method: 'GET', path, signal, timeoutMs: checksumTimeoutMs }, ListedDatacenter);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #ask<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
    const text = await this.#send(request);
    const result = schema.safeParse(parseJson(text));
    if (result.success) return result.data;
    throw new SourceUnreachable(`${request.method} ${request.path}: the source answered in a form that is not known`);
  }

  async #send(request: Request): Promise<string> {
    try {
      const answer = await this.#client.request({ timeoutMs: contactTimeoutMs, ...request });
      if (answer.status === 200) return answer.text;
      throw new SourceRefused(answer.status, `the source refuses: ${answer.status} ${errorText(answer.text)}`);
    } catch (error) {
      if (!(error instanceof EndpointsFailed)) throw error;
      throw new SourceUnreachable(`the source does not answer: ${error.message}`, { cause: error });
    }
  }
}

function outgoing(targetId: string): string {
  return `/_api/sync/outgoing/${encodeURIComponent(targetId)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
