import { z } from 'zod';

/** RFC 3339, up to nanoseconds. An unknown time is left out: an empty text would break clients. */
export const Time = z.string().meta({ format: 'date-time' });
