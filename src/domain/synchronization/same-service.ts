/**
 * Whether two endpoints name a common service: they share a URL, with paths cut off and host names and default ports
 * read alike (master-api §1). Texts that are no URLs are compared as they are.
 */
export function sameService(a: readonly string[], b: readonly string[]): boolean {
  const services = new Set(a.map(serviceOf));
  return b.some((url) => services.has(serviceOf(url)));
}

function serviceOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
