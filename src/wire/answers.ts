import { z } from 'zod';

/** Answer of a call that has nothing to say: `{}`, never an empty body. */
export const Nothing = z.object({});

/** Answer of `GET /_api/mq/channel/{name}/is-relevant`. */
export const ChannelRelevance = z.object({ isRelevant: z.boolean() });

/** Answer of `GET /metrics.json`. */
export const MetricsJson = z.record(
  z.string(),
  z.object({
    help: z.string(),
    type: z.string(),
    samples: z.array(
      z.object({
        value: z.number(),
        /** Left out when there are none. */
        labels: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        /** Ours: the sample's own name where it differs from the metric's (`…_bucket`, `…_sum`, `…_count`). */
        name: z.string().optional(),
      }),
    ),
  }),
);
