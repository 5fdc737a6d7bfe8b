import { z } from 'zod';

/** Body of every answer other than 200. */
export const ApiErrorBody = z.object({ error: z.string() });

/**
 * A refusal that a caller is to see: status and text go out as they are. Clients show the text of a 4xx only (other than
 * 408) and repeat the request elsewhere on 408 and 5xx, so what a person must read has to be a permanent 4xx.
 */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** A refusal that the event log has already, or that was one too many to keep there. */
export class RecordedRefusal extends ApiError {}
