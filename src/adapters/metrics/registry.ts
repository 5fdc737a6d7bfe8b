import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry of its own for each process, with the process's own figures (memory, handles, event loop). */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Body and Content-Type of `GET /metrics`. */
export async function metricsText(registry: Registry): Promise<{ text: string; contentType: string }> {
  return { text: await registry.metrics(), contentType: registry.contentType };
}

interface JsonSample {
  readonly value: number;
  /** Left out when there are none. */
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Histograms and summaries only: `…_bucket`, `…_sum`, `…_count`. */
  readonly name?: string;
}

export type JsonMetrics = Readonly<
  Record<string, { readonly help: string; readonly type: string; readonly samples: readonly JsonSample[] }>
>;

/** Body of `GET /metrics.json`: the same figures by name. */
export async function metricsJson(registry: Registry): Promise<JsonMetrics> {
  const metrics = await registry.getMetricsAsJSON();
  return Object.fromEntries(
    metrics.map(({ name, help, type, values }) => {
      // JSON knows no NaN: a figure that was not measured yet is left out, not null.
      const samples = values.filter(({ value }) => Number.isFinite(value)).map(toSample);
      return [name, { help, type: String(type), samples }];
    }),
  );
}

function toSample(value: { value: number; labels: object; metricName?: string | undefined }): JsonSample {
  const labels = value.labels as Record<string, string | number>;
  return {
    value: value.value,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(value.metricName === undefined ? {} : { name: value.metricName }),
  };
}
