/** An endpoint that cannot be used, with what is wrong with it. Never repeats credentials that were put into it. */
export class BadEndpoint extends Error {
  override readonly name = 'BadEndpoint';
}

const HTTP = new Set(['http', 'tcp', 'http+tcp']);
const HTTPS = new Set(['https', 'ssl', 'http+ssl']);
const DEFAULT_PORT = 8529;

/**
 * ArangoDB's own spellings of an address (`tcp://`, `ssl://`, `http+tcp://`, `http+ssl://`; reference 2.6) as an origin
 * that HTTP clients know: `http://host:8529`.
 */
export function normaliseEndpoint(endpoint: string): string {
  const [, scheme, rest] = /^([a-z+]+):\/\/(.+)$/i.exec(endpoint.trim()) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new BadEndpoint('an endpoint must look like http://host:8529 or ssl://host:8529');
  }
  const protocol = protocolOf(scheme.toLowerCase());
  if (!URL.canParse(`${protocol}://${rest}`)) throw new BadEndpoint(`an endpoint with ${scheme}:// is no address`);
  const url = new URL(`${protocol}://${rest}`);
  if (url.username !== '' || url.password !== '') {
    throw new BadEndpoint(`the endpoint of ${url.host} holds a user or password: give these separately`);
  }
  const hasPort = url.port !== '' || /:(80|443)\/?$/.test(rest);
  if (!hasPort) return `${protocol}://${url.hostname}:${DEFAULT_PORT}`;
  return url.origin;
}

function protocolOf(scheme: string): 'http' | 'https' {
  if (HTTP.has(scheme)) return 'http';
  if (HTTPS.has(scheme)) return 'https';
  throw new BadEndpoint(`an endpoint cannot begin with ${scheme}://: use http, https, tcp or ssl`);
}
