import { z } from 'zod';

/** An absolute http(s) URL with a host. Kept as it was sent: clients compare endpoints as text. */
export const EndpointUrl = z.string().refine(isEndpointUrl, { error: 'must be an http or https URL with a host' });

/** URLs that mean the same service. */
export const Endpoint = z.array(EndpointUrl);

function isEndpointUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '';
}

/** Whether two endpoints name a URL in common, with paths cut off. */
export function endpointsIntersect(a: readonly string[], b: readonly string[]): boolean {
  const origins = new Set(a.map(originOf));
  return b.some((url) => origins.has(originOf(url)));
}

/** Whether two endpoints name the same URLs, in any order, with paths cut off. */
export function sameEndpoint(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a.map(originOf));
  const right = new Set(b.map(originOf));
  return left.size === right.size && [...left].every((origin) => right.has(origin));
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
