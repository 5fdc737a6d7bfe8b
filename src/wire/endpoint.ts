import { z } from 'zod';

/** An absolute http(s) URL with a host. Kept as it was sent: clients compare endpoints as text. */
export const EndpointUrl = z
  .string()
  .refine(isEndpointUrl, { error: 'must be an http or https URL with a host' })
  .meta({ format: 'uri' });

/** URLs that mean the same service. */
export const Endpoint = z.array(EndpointUrl);

function isEndpointUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '';
}
