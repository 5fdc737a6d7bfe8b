import { type ArangoAnswer, ArangoError, type ArangoRequest } from './arango.ts';

/** Throws {@link ArangoError} for an answer of 400 and above. */
export function throwIfError(request: ArangoRequest, answer: ArangoAnswer): void {
  if (answer.status < 400) return;
  const { errorNum, errorMessage } = parsed(answer.body);
  const where = `${request.method} /_db/${request.database ?? '_system'}${request.path}`;
  throw new ArangoError(answer.status, errorNum, `${where}: ${answer.status}/${errorNum} ${errorMessage}`.trim());
}

function parsed(body: Buffer): { readonly errorNum: number; readonly errorMessage: string } {
  try {
    const { errorNum, errorMessage } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    return {
      errorNum: typeof errorNum === 'number' ? errorNum : 0,
      errorMessage: typeof errorMessage === 'string' ? errorMessage : '',
    };
  } catch {
    return { errorNum: 0, errorMessage: '' };
  }
}
