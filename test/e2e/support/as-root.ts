import type { Side } from './pair.ts';

/** Writes a document as root, who is an ordinary user for the server mode; false: refused. */
export async function writeAsRoot(
  { datacenter }: Side,
  database: string,
  collection: string,
  document: object,
): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`root:${datacenter.rootPassword}`).toString('base64')}`;
  const url = `${datacenter.endpoints[0]}/_db/${database}/_api/document/${collection}`;
  const answer = await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify(document) });
  await answer.text();
  return answer.ok;
}
