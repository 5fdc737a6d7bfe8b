import type { Master } from '../../src/master/master.ts';
import {
  type OpenSource,
  type SourceMasters,
  SourceRefused,
  SourceUnreachable,
} from '../../src/master/source-masters.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import type { Caller } from '../../src/wire/caller.ts';
import { askMasters } from './ask-masters.ts';
import type { MasterNode } from './master-node.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { Site } from './site.ts';

const contactMsMax = 10_000;

/** A target as its source sees it. */
export interface SimTarget {
  readonly id: string;
  readonly network: Network;
  readonly from: SimProcess;
  /** The datacenter that it follows, or would. */
  readonly source: Site;
  listening(endpoint: string): MasterNode | undefined;
  /** The source has done what a stop asks of it. */
  onTold(): void;
}

/** Each target has a certificate of its own (S23). */
export function certificateOf(id: string): Caller {
  return { kind: 'certificate', name: `CN=${id}`, fingerprint: `certificate of ${id}` };
}

/** The source's masters as a target's leader calls them, over the simulated network. */
export function openSimSource({ id: own, network, from, source, listening, onTold }: SimTarget): OpenSource {
  return (endpoints): SourceMasters => {
    const caller = certificateOf(own);
    const ask = async <T>(
      what: string,
      signal: AbortSignal,
      handle: (master: Master, signal: AbortSignal) => Promise<T>,
    ): Promise<T> => {
      const nodes = endpoints.flatMap((endpoint) => listening(endpoint) ?? []);
      try {
        return await askMasters({ network, from, nodes, what, handle, timeoutMs: contactMsMax, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ApiError && error.status < 500 && error.status !== 408)
          throw new SourceRefused(error.status, error.message);
        throw new SourceUnreachable(error instanceof Error ? error.message : String(error), { cause: error });
      }
    };
    return {
      look: (id, s) => ask('first look', s, ({ outgoing }, gone) => outgoing.look(id, caller, gone)),
      register: (body, s) => ask('register', s, ({ outgoing }, gone) => outgoing.register(body, caller, gone)),
      heartbeat: (id, body, s) => ask('contact', s, ({ outgoing }, gone) => outgoing.heartbeat(id, body, caller, gone)),
      putShards: (id, body, s) => ask('shards', s, ({ outgoing }, gone) => outgoing.putShards(id, body, caller, gone)),
      forget: (id, how, s) =>
        ask('forget', s, async ({ outgoing }, gone) => {
          source.barriers.asked(how.barrierEpoch);
          await outgoing.stop(id, how, caller, gone);
          onTold();
        }),
      setBarrier: (id, s) => ask('set the barrier', s, ({ outgoing }, gone) => outgoing.setBarrier(id, caller, gone)),
      liftBarrier: (id, s) =>
        ask('lift the barrier', s, ({ outgoing }, gone) => outgoing.liftBarrier(id, caller, gone)),
      checksums: (id, body, s) =>
        ask('checksums', s, ({ outgoing }, gone) => outgoing.checksums(id, body, caller, gone)),
      status: (id, details, s) => ask('status', s, async ({ status }) => status.atSource(id, details, caller)),
      listing: (id, s) => ask('listing', s, ({ outgoing }, gone) => outgoing.listing(id, caller, gone)),
      close: async () => undefined,
    };
  };
}
