import type { Registry } from 'prom-client';
import { metricsJson, metricsText } from '../metrics/registry.ts';
import type { Route } from './routes.ts';

/** `GET /metrics` and `GET /metrics.json`, the same figures; the monitoring token is enough. */
export function metricsRoutes(registry: Registry): Route[] {
  const read = { method: 'GET', rights: 'monitoring', at: 'any' } as const;
  return [
    {
      ...read,
      path: '/metrics',
      handle: async () => {
        const { text, contentType } = await metricsText(registry);
        return new Response(text, { headers: { 'content-type': contentType } });
      },
    },
    { ...read, path: '/metrics.json', handle: () => metricsJson(registry) },
  ];
}
