import { EngineError } from '../errors.ts';

/** Text that is no JSON: 400/600 with a text like the server's own parser's (reference 1.4). */
export class JsonSyntaxError extends EngineError {
  /** Byte offset where reading stopped. */
  readonly offset: number;

  constructor(expectation: string, offset: number) {
    super(600, `VPackError error: ${expectation}`);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}
