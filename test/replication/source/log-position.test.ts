import { describe, expect, test } from 'vitest';
import { MarkerCursor } from '../../../src/replication/markers.ts';
import { LogPosition } from '../../../src/replication/source/log-position.ts';

type Line = readonly [tick: number, type: 2200 | 2201 | 2300 | 2100, tid?: number];

/** Feeds an answer and tells what came out: `op <tick> of <group>`, `end <tick>`, `structure <tick>`. */
function feed(position: LogPosition, lines: readonly Line[], lastScanned: number): string[] {
  const text = lines.map(([tick, type, tid = 0]) =>
    JSON.stringify({ tick: `${tick}`, type, tid: `${tid}`, db: 'd', cuid: 'c', data: { _key: `${tick}` } }),
  );
  const out: string[] = [];
  position.feed(
    new MarkerCursor(Buffer.from(text.map((line) => `${line}\n`).join(''))),
    { lastScanned: `${lastScanned}`, lastIncluded: `${lines.at(-1)?.[0] ?? 0}`, lastTick: '999', fromPresent: true },
    {
      operation: (marker, groupTick) => out.push(`op ${marker.tick} of ${groupTick}`),
      complete: (tick) => out.push(`end ${tick}`),
      structure: (marker) => out.push(`structure ${marker.tick}`),
    },
  );
  return out;
}

describe('the position in a log', () => {
  test('an idle server’s answer that scanned from before the position does not move it back', () => {
    const position = new LogPosition('180358');
    feed(position, [], 180355);
    expect(position).toMatchObject({ complete: '180358', request: { from: '180358', lastScanned: '180358' } });
  });

  test('what was scanned over without a marker is passed, less one: it may be the start of a batch', () => {
    const position = new LogPosition('100');
    feed(position, [], 150);
    expect(position.complete).toBe('149');
  });

  test('single operations are complete each', () => {
    const position = new LogPosition('100');
    expect(
      feed(
        position,
        [
          [101, 2300],
          [104, 2300],
        ],
        106,
      ),
    ).toEqual(['op 101 of 101', 'end 101', 'op 104 of 104', 'end 104', 'end 105']);
    expect(position.request).toEqual({ from: '105', lastScanned: '105' });
  });

  test('a transaction that is cut goes on behind its last marker, with the start of its batch', () => {
    const position = new LogPosition('100');
    expect(
      feed(
        position,
        [
          [101, 2200, 7],
          [101, 2300, 7],
          [103, 2300, 7],
        ],
        101,
      ),
    ).toEqual(['op 101 of 101', 'op 103 of 101']);
    expect(position).toMatchObject({ complete: '100', isInsideTransaction: true });
    expect(position.request).toEqual({ from: '103', lastScanned: '101' });
    expect(
      feed(
        position,
        [
          [105, 2300, 7],
          [106, 2201, 7],
        ],
        106,
      ),
    ).toEqual(['op 105 of 101', 'end 106', 'end 106']);
    expect(position).toMatchObject({ complete: '106', isInsideTransaction: false });
  });

  test('an answer cut behind the 2200 alone asks for it again, and it counts once', () => {
    const position = new LogPosition('100');
    expect(feed(position, [[101, 2200, 7]], 101)).toEqual([]);
    expect(position.request).toEqual({ from: '100', lastScanned: '101' });
    expect(
      feed(
        position,
        [
          [101, 2200, 7],
          [101, 2300, 7],
          [103, 2201, 7],
        ],
        103,
      ),
    ).toContain('op 101 of 101');
    expect(position.complete).toBe('103');
  });

  test('the end of a cut transaction may carry the tick of its last operation', () => {
    const position = new LogPosition('100');
    feed(
      position,
      [
        [101, 2200, 7],
        [103, 2300, 7],
      ],
      101,
    );
    expect(feed(position, [[103, 2201, 7]], 103)).toContain('end 103');
    expect(position.isInsideTransaction).toBe(false);
  });

  test('a transaction whose end is left out has ended when the server went on', () => {
    const position = new LogPosition('100');
    feed(
      position,
      [
        [101, 2200, 7],
        [103, 2300, 7],
      ],
      101,
    );
    expect(feed(position, [], 110)).toEqual(['end 103', 'end 109']);
    feed(
      position,
      [
        [111, 2200, 8],
        [113, 2300, 8],
      ],
      111,
    );
    expect(feed(position, [[120, 2300]], 121)).toEqual(['end 113', 'op 120 of 120', 'end 120', 'end 120']);
  });

  test('transactions of the same number one after the other are several', () => {
    const position = new LogPosition('100');
    const lines: Line[] = [
      [101, 2200, 7],
      [101, 2300, 7],
      [103, 2201, 7],
      [104, 2200, 7],
      [104, 2300, 7],
      [106, 2201, 7],
    ];
    expect(feed(position, lines, 106)).toEqual(['op 101 of 101', 'end 103', 'op 104 of 104', 'end 106', 'end 106']);
  });

  test('structure ends what was open, and is handed over', () => {
    const position = new LogPosition('100');
    expect(
      feed(
        position,
        [
          [101, 2300, 7],
          [105, 2100],
        ],
        106,
      ),
    ).toEqual(['op 101 of 101', 'end 101', 'structure 105', 'end 105']);
  });
});
