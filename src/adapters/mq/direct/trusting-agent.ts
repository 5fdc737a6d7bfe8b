import { Agent } from 'undici';
import { CONNECT_MS_MAX } from './limits.ts';

/** Connections that trust one CA and nothing else; with another CA they are made anew. */
export class TrustingAgent {
  readonly #silenceMs: number;
  #agent: { readonly ca: string; readonly dispatcher: Agent } | undefined;

  /** `silenceMs`: how long an answer may be silent before its connection is taken for dead. */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** `ca`: PEM. */
  trusting(ca: string): Agent {
    if (this.#agent?.ca === ca) return this.#agent.dispatcher;
    // Streams that run over the old connections end by themselves; new requests trust the new CA only.
    this.#agent?.dispatcher.close().catch(() => undefined);
    const dispatcher = new Agent({
      connect: { ca, timeout: CONNECT_MS_MAX },
      headersTimeout: this.#silenceMs,
      bodyTimeout: this.#silenceMs,
      allowH2: false,
    });
    this.#agent = { ca, dispatcher };
    return dispatcher;
  }

  /** Cuts what runs. */
  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.dispatcher.destroy();
  }
}
