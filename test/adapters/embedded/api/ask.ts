import {
  type EmbeddedDeployment,
  type EmbeddedOptions,
  startEmbedded,
} from '../../../../src/adapters/embedded/index.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; undefined without one. */
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every shape
  readonly body: any;
}

/** A deployment under test, asked with one line: `POST /_api/x {…}`. */
export class Asked {
  readonly deployment: EmbeddedDeployment;

  private constructor(deployment: EmbeddedDeployment) {
    this.deployment = deployment;
  }

  static async start(options: EmbeddedOptions): Promise<Asked> {
    return new Asked(await startEmbedded(options));
  }

  async ask(call: string, headers: Readonly<Record<string, string>> = {}, server = 0): Promise<Answered> {
    const [, method, path, body] = /^(\w+) (\S+)(?: (.*))?$/s.exec(call) ?? [];
    if (method === undefined || path === undefined) throw new Error(`not a call: ${call}`);
    const response = await fetch(`${this.deployment.endpoints[server]}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Asks, and throws unless it went well. */
  async make(...calls: readonly string[]): Promise<void> {
    for (const call of calls) {
      const { status, body } = await this.ask(call);
      if (status >= 300) throw new Error(`${call} answered ${status} ${JSON.stringify(body)}`);
    }
  }

  stop(): Promise<void> {
    return this.deployment.stop();
  }
}

export function basic(user: string, password: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Shorthand for what an error answer tells. */
export function refusal(status: number, errorNum: number) {
  return { status, body: { error: true, code: status, errorNum } };
}
