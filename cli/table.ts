import Table from 'cli-table3';

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** The library looks through all rows for each of its cells: so it gets a part of a long table at a time. */
const ROWS_PER_PART = 100;

type Row = readonly string[];

/** A table without rules, so that scripts can split it and people can read it. Ends without a newline. */
export function formatTable(head: Row, rows: readonly Row[]): string {
  const [first = [], ...others] = partsOf(rows);
  const parts = [draw(head, first), ...others.map((part) => draw([], part))];
  const widths = parts.map((part) => part.widths).reduce(wider);
  const drawn =
    others.length === 0 ? parts : [draw(head, first, widths), ...others.map((part) => draw([], part, widths))];
  return drawn
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.trimEnd())
    .join('\n');
}

function partsOf(rows: readonly Row[]): readonly (readonly Row[])[] {
  const count = Math.ceil(rows.length / ROWS_PER_PART);
  return Array.from({ length: count }, (_, part) => rows.slice(part * ROWS_PER_PART, (part + 1) * ROWS_PER_PART));
}

interface Drawn {
  readonly text: string;
  /** Of the columns, in characters of a terminal. */
  readonly widths: readonly number[];
}

/** Without `widths` every column is as wide as its widest cell. */
function draw(head: Row, rows: readonly Row[], widths: readonly number[] = []): Drawn {
  const table = new Table({
    head: [...head],
    colWidths: [...widths],
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  return { text: table.toString(), widths: table.options.colWidths.map((width) => width ?? 0) };
}

function wider(a: readonly number[], b: readonly number[]): readonly number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => Math.max(a[at] ?? 0, b[at] ?? 0));
}
