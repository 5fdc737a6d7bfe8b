import { toWireError } from './errors.ts';

/**
 * An answer of JSON lines that are told while they are found, no faster than they are taken. `tell` resolves when the
 * line was handed over. An error that comes before the first line is thrown as of any call; later ones end the answer
 * with a line `{"error": …}`.
 */
export async function streamLines(
  produce: (tell: (line: object) => Promise<void>, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<Response> {
  const gone = new AbortController();
  const stop = AbortSignal.any([signal, gone.signal]);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  writer.closed.catch(() => gone.abort());
  const encoder = new TextEncoder();
  const begun = Promise.withResolvers<void>();
  const write = (line: object) => writer.write(encoder.encode(`${JSON.stringify(line)}\n`));
  let first = true;
  const tell = async (line: object) => {
    if (first) begun.resolve();
    first = false;
    await write(line);
  };
  const running = produce(tell, stop).then(
    () => writer.close(),
    async (error: unknown) => {
      if (first) begun.reject(error);
      else await write({ error: toWireError(error).message });
      await writer.close();
    },
  );
  // Whoever went away is told nothing more.
  running.catch(() => undefined);
  await begun.promise;
  return new Response(readable, { headers: { 'content-type': 'application/x-ndjson' } });
}
