/**
 * Thrown inside an operation when it has been asked to stop, by `p.checkCancelled()` and `p.track`; also the reason
 * of `p.signal`. Let it pass: the stage and the operation then end as cancelled. An operation may throw it itself.
 */
export class OperationCancelled extends Error {
  override name = "OperationCancelled";

  constructor(message = "the operation was cancelled") {
    super(message);
  }
}
