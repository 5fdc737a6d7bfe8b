import { z } from 'zod';
import { patternTrouble } from '../events/selection/selection.ts';

const patternsMax = 500;
const patternLengthMax = 1_000;

const Patterns = z
  .array(
    z
      .string()
      .max(patternLengthMax)
      .superRefine((text, context) => {
        const trouble = patternTrouble(text);
        if (trouble !== undefined) context.addIssue({ code: 'custom', message: `the pattern '${text}' ${trouble}` });
      }),
  )
  .max(patternsMax)
  .default([]);

/** What is replicated: patterns `database` or `database/collection`, with `*` and `?`; `exclude` wins. */
export const Selection = z.object({ include: Patterns, exclude: Patterns });
export type Selection = z.infer<typeof Selection>;
