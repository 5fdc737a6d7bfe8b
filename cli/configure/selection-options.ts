import { patternTrouble } from '../../src/events/selection/selection.ts';
import type { Selection } from '../../src/wire/selection.ts';
import { UsageError } from '../errors.ts';
import type { OptionSpec } from '../options.ts';

/** Options that choose what is replicated. */
export const selectionOptions = {
  include: patterns(
    'include',
    'Replicate only what matches: database or database/collection, with * and ? (\\ before a character takes it as it is); may be repeated',
  ),
  exclude: patterns('exclude', 'Leave out what matches, also of what --include names; may be repeated'),
};

/** What was chosen; undefined when neither option was given: then the recorded selection stays. */
export function selectionOf(values: {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}): Selection | undefined {
  const { include, exclude } = values;
  return include.length + exclude.length === 0 ? undefined : { include: [...include], exclude: [...exclude] };
}

/** May be repeated, and each may hold several, separated by commas that have no backslash before them. */
function patterns(name: string, description: string): OptionSpec<readonly string[]> {
  return { name, placeholder: 'pattern', description, required: false, isSwitch: false, read: readPatterns };
}

function readPatterns(texts: readonly string[]): string[] {
  const given = texts.flatMap(splitPatterns);
  for (const pattern of given) {
    const trouble = patternTrouble(pattern);
    if (trouble !== undefined) throw new UsageError(`has the pattern '${pattern}', which ${trouble}`);
  }
  return given;
}

/** A backslash and what stands behind it belong together, a comma as well as another backslash. */
function splitPatterns(text: string): string[] {
  const parts = text.match(/(?:\\.|[^,\\]|\\$)+/gsu) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
