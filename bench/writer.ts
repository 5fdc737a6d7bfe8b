import { randomBytes } from 'node:crypto';
import type { ArangoServer } from '../src/replication/arango.ts';

const BULK = 1_000;
const LANES = 2;
/** Of each document, about: the log's own text around it should not decide what is measured. */
const DOCUMENT_BYTES = 1_024;
const OTHER_BYTES = 80;
/** Hexadecimal: it packs to about half, as a link does with it. Documents have different parts of it. */
const FILLING = randomBytes(4 * 1_024 * 1_024).toString('hex');
let filled = 0;

export interface Written {
  readonly documents: number;
  /** JSON text of the documents as sent. */
  readonly bytes: number;
}

/** A document of about so many bytes. */
export function documentText(key: string, bytes = DOCUMENT_BYTES): string {
  const length = bytes - OTHER_BYTES;
  filled = (filled + length) % (FILLING.length - length);
  const filling = FILLING.slice(filled, filled + length);
  return `{"_key":"${key}","number":${key.length},"flag":true,"filling":"${filling}"}`;
}

/** Writes bulks of 1,000 documents of 1 KiB for `seconds`; their keys are of this `run`. */
export async function writeDocuments(
  front: ArangoServer,
  database: string,
  collection: string,
  seconds: number,
  run: number,
): Promise<Written> {
  const endAt = performance.now() + seconds * 1_000;
  let documents = 0;
  let bytes = 0;
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let round = 0; performance.now() < endAt; round++) {
      const texts = Array.from({ length: BULK }, (_unused, item) => documentText(`run${run}l${lane}r${round}i${item}`));
      await insert(front, database, collection, texts);
      documents += BULK;
      bytes += texts.reduce((sum, text) => sum + text.length, 0);
    }
  });
  await Promise.all(lanes);
  return { documents, bytes };
}

/** Writes about so many bytes of them, as {@link writeDocuments} does. */
export async function writeAmount(
  front: ArangoServer,
  database: string,
  collection: string,
  bytesWanted: number,
): Promise<Written> {
  let documents = 0;
  let bytes = 0;
  while (bytes < bytesWanted) {
    const texts = Array.from({ length: BULK }, (_, item) => documentText(`d${documents + item}`));
    await insert(front, database, collection, texts);
    documents += BULK;
    bytes += texts.reduce((sum, text) => sum + text.length, 0);
  }
  return { documents, bytes };
}

export async function insert(
  front: ArangoServer,
  database: string,
  collection: string,
  texts: readonly string[],
): Promise<void> {
  const path = `/_api/document/${collection}`;
  const answer = await front.request({
    method: 'POST',
    database,
    path,
    query: { silent: true },
    body: `[${texts.join(',')}]`,
  });
  if (answer.status >= 400)
    throw new Error(`could not write: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
}
