import { request as startRequest } from 'node:http';

export interface ServerAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends bytes and tells what came back, headers as they stand on the wire. */
export function callServer(
  endpoint: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<ServerAnswer> {
  const { hostname, port } = new URL(endpoint);
  const bytes = Buffer.from(body);
  const length: Record<string, string> = bytes.length > 0 ? { 'content-length': String(bytes.length) } : {};
  return new Promise((resolve, reject) => {
    const sent = startRequest(
      {
        hostname,
        port,
        method,
        path,
        // The captures were made over a connection that was kept.
        headers: { accept: 'application/json', connection: 'keep-alive', ...length, ...headers },
        agent: false,
      },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: lowerCase(answer.rawHeaders),
            text: Buffer.concat(pieces).toString('utf8'),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(bytes);
  });
}

function lowerCase(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) headers[String(raw[at]).toLowerCase()] = String(raw[at + 1]);
  return headers;
}
