/** The rate is that of so long a time: a pause shows soon, a flicker does not. */
const WINDOW_MS = 30_000;
/** Marks are that far apart: some thirty of them are held. */
const MARK_EVERY_MS = 1_000;

interface Mark {
  readonly at: number;
  readonly documents: number;
  readonly bytes: number;
}

/** What moves in a second, by what had moved at moments before. Pure: the time is told. */
export class RateMeter {
  #marks: Mark[] = [];
  #documents = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Something begins to move now. */
  begin(now: number): void {
    this.#documents = 0;
    this.#bytes = 0;
    this.#marks = [{ at: now, documents: 0, bytes: 0 }];
  }

  moved(documents: number, bytes: number, now: number): void {
    this.#documents += documents;
    this.#bytes += bytes;
    this.#mark(now);
  }

  /** Undefined while too little time has passed to tell. */
  rate(now: number): { readonly documentsPerS: number; readonly bytesPerS: number } | undefined {
    this.#mark(now);
    const [first] = this.#marks;
    const passedS = (now - (first?.at ?? now)) / 1_000;
    if (first === undefined || passedS < MARK_EVERY_MS / 1_000) return undefined;
    return {
      documentsPerS: Math.round((this.#documents - first.documents) / passedS),
      bytesPerS: Math.round((this.#bytes - first.bytes) / passedS),
    };
  }

  /** The first mark kept is the last one that is outside of the window. */
  #mark(now: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || now - last.at >= MARK_EVERY_MS) {
      this.#marks.push({ at: now, documents: this.#documents, bytes: this.#bytes });
    }
    while ((this.#marks[1]?.at ?? now) < now - WINDOW_MS) this.#marks.shift();
  }
}
