import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricsJson, metricsText } from '../../../src/adapters/metrics/registry.ts';

function registry(): Registry {
  const registers = [new Registry()];
  new Counter({ name: 'arangosync_plain', help: 'Plain', registers }).inc(2);
  new Counter({ name: 'arangosync_labelled', help: 'Labelled', labelNames: ['kind'], registers }).inc({ kind: '' }, 8);
  return registers[0] as Registry;
}

describe('metrics', () => {
  it('serve JSON by name with help, type and samples, labels left out when there are none', async () => {
    expect(await metricsJson(registry())).toEqual({
      arangosync_plain: { help: 'Plain', type: 'counter', samples: [{ value: 2 }] },
      arangosync_labelled: { help: 'Labelled', type: 'counter', samples: [{ value: 8, labels: { kind: '' } }] },
    });
  });

  it('leave out of JSON what was not measured yet: it knows no NaN', async () => {
    const registers = [new Registry()];
    new Gauge({ name: 'unknown', help: 'Unknown', registers }).set(Number.NaN);
    const json = await metricsJson(registers[0] as Registry);
    expect(JSON.parse(JSON.stringify(json))).toEqual({ unknown: { help: 'Unknown', type: 'gauge', samples: [] } });
  });

  it('serve text without _total in the names of counters', async () => {
    const { text, contentType } = await metricsText(registry());
    expect(contentType).toContain('text/plain');
    expect(text).toContain('arangosync_plain 2\n');
    expect(text).not.toContain('_total');
  });
});
