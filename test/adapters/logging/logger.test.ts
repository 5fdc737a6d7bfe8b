import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/adapters/logging/logger.ts';

function logging() {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', role: 'master', destination: { write: (line) => lines.push(line) } });
  return { logger, lines };
}

describe('the log', () => {
  it('writes one line of JSON with level, role, time and fields', () => {
    const { logger, lines } = logging();
    logger.with({ master: 'm1' }).info('took over', { term: 3 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      role: 'master',
      master: 'm1',
      term: 3,
      msg: 'took over',
      time: expect.stringMatching(/^\d{4}-/),
    });
  });

  it('never prints secrets: in known fields, in texts, in errors and their causes', () => {
    const { logger, lines } = logging();
    const token = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`;
    const key = '-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----';
    logger.warn(`sent Authorization: bearer ${token}`, {
      token: 'topsecret1',
      source: { clientKey: 'topsecret2' },
      note: `key ${key}`,
      error: new Error('cannot reach http://root:topsecret3@db:8529', { cause: new Error(`quoted ${key}`) }),
    });
    const text = lines.join('');
    for (const secret of ['topsecret1', 'topsecret2', 'topsecret3', 'MIIsecret', token]) {
      expect(text).not.toContain(secret);
    }
    expect(text).toContain('cannot reach http://root:[secret]@db:8529');
  });
});
