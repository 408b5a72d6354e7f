/** A piece of a response's audio; `payload` is base64 μ-law. */
export interface Piece {
  readonly responseId: string;
  readonly itemId: string;
  readonly payload: string;
}

/** Whether a piece is audible, and whether its response was audible before it. */
export interface Sound {
  readonly isAudible: boolean;
  /** An earlier piece of the same response was audible. */
  readonly hasSpoken: boolean;
}

/**
 * Holds back digital silence at the start of a response until its first sound, or drops it. A server that sends a minute
 * of silence would otherwise delay the next answer by a minute.
 */
export class LeadIn {
  #held: Piece[] = [];

  /** The pieces to play now, in order. */
  pass(piece: Piece, {isAudible, hasSpoken}: Sound): Piece[] {
    if (this.#held[0]?.responseId !== piece.responseId) this.#held = [];
    if (isAudible || hasSpoken) return [...this.#held.splice(0), piece];
    this.#held.push(piece);
    return [];
  }
}
