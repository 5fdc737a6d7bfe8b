import { Counter, Histogram, type Registry } from 'prom-client';

/** Figures of an HTTP server: requests by route and status, and how long their answers took. */
export class HttpMetrics {
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #duration: Histogram<'method' | 'route'>;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'arangosync_http_requests',
      help: 'Requests answered, by call and status',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
    });
    this.#duration = new Histogram({
      name: 'arangosync_http_request_duration_seconds',
      help: 'Time from the arrival of a request to its answer',
      labelNames: ['method', 'route'],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60],
      registers: [registry],
    });
  }

  answered(request: { method: string; route: string; status: number; durationMs: number }): void {
    const { method, route, status, durationMs } = request;
    this.#requests.inc({ method, route, status: String(status) });
    this.#duration.observe({ method, route }, durationMs / 1000);
  }
}
