import type { FrontCollection } from '../cluster/front.ts';
import { canonicalJson } from '../engine/json/canonical.ts';
import { valueAt } from '../engine/json/members.ts';
import type { IndexDefinition, JsonText, StoredDocument } from '../engine/types.ts';

/** So many documents are looked at; a server's estimator samples too. */
const SAMPLE_MAX = 1000;

/** How selective indexes are: the share of distinct values, 1 without documents (reference 3.3). */
export class SelectivityEstimates {
  readonly #sample: readonly JsonText[];

  private constructor(sample: readonly JsonText[]) {
    this.#sample = sample;
  }

  static async of(collection: FrontCollection): Promise<SelectivityEstimates> {
    const sample: JsonText[] = [];
    for (const document of await collection.documents()) {
      sample.push(textOf(document));
      if (sample.length === SAMPLE_MAX) break;
    }
    return new SelectivityEstimates(sample);
  }

  estimate(index: IndexDefinition): number {
    if (index.unique === true) return 1;
    const fields = Array.isArray(index.fields) ? index.fields.filter((field) => typeof field === 'string') : [];
    return this.#share(fields);
  }

  /** Half the sum of both directions; 0 without edges. */
  edgeEstimate(): number {
    return this.#sample.length === 0 ? 0 : (this.#share(['_from']) + this.#share(['_to'])) / 2;
  }

  #share(fields: readonly string[]): number {
    if (this.#sample.length === 0) return 1;
    const paths = fields.map((field) => field.split('.').map((part) => part.replace(/\[\*\]$/, '')));
    const values = new Set(
      this.#sample.map((document) => paths.map((path) => canonicalJson(valueAt(document, path))).join('\u0000')),
    );
    return values.size / this.#sample.length;
  }
}

function textOf(document: StoredDocument): JsonText {
  const bytes = document.bytes();
  return { bytes, start: 0, end: bytes.length };
}
