import { z } from 'zod';

/** The document itself, as far as its own description goes. */
export const OpenApiDocument = z.looseObject({ openapi: z.literal('3.1.1') });
