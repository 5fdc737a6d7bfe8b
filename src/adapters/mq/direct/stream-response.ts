/**
 * A body that is made as it is taken: one chunk ahead, so that the next block is packed while the last one is written,
 * and no further. `gone` is called when the other side hangs up.
 */
export function streamOf(chunks: AsyncGenerator<Uint8Array>, gone: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        gone();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}
