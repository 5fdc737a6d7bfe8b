/** Why a link ended, as `closed.reason` of both ends and as what iterating the frames of a failed link throws. */
export class LinkClosed extends Error {
  override readonly name = 'LinkClosed';
}
