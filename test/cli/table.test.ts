import { describe, expect, it } from 'vitest';
import { formatTable } from '../../cli/table.ts';

const HEAD = ['Name', 'Of', 'Message'];
const WIDEST = ['a name that is 界 wide', 'many', 'and a last one'];

describe('a table', () => {
  it('lays its columns under each other, and ends each line with its last text', () => {
    expect(
      formatTable(HEAD, [
        ['a', 'bb', ''],
        ['long name', 'b', 'm'],
      ]),
    ).toBe(['Name       Of  Message', 'a          bb', 'long name  b   m'].join('\n'));
    expect(formatTable(HEAD, [])).toBe('Name  Of  Message');
  });

  it('is as wide in its first line as its widest needs, however many there are', () => {
    const rows = Array.from({ length: 450 }, (_, row) =>
      row === 349 ? WIDEST : [`name ${row}`, String(row), `m${row}`],
    );
    const lines = formatTable(HEAD, rows).split('\n');
    expect(lines).toHaveLength(451);
    for (const [at, row] of rows.entries()) {
      const [head, , line] = formatTable(HEAD, [WIDEST, row]).split('\n');
      expect([lines[0], lines[at + 1]]).toEqual([head, line]);
    }
  });
});
