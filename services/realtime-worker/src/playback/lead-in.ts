/** A piece of the audio of a response, base64. */
export interface Piece {
  readonly responseId: string;
  readonly itemId: string;
  readonly payload: string;
}

/** What is known of a piece. */
export interface Sound {
  readonly isAudible: boolean;
  /** Something audible came of its response before. */
  readonly hasSpoken: boolean;
}

/**
 * Digital silence before the first sound of a response is played with that sound, or never: a server that sends a minute
 * of it would make the next answer wait for its end.
 */
export class LeadIn {
  #held: Piece[] = [];

  /** What is to be played now. */
  pass(piece: Piece, {isAudible, hasSpoken}: Sound): Piece[] {
    if (this.#held[0]?.responseId !== piece.responseId) this.#held = [];
    if (isAudible || hasSpoken) return [...this.#held.splice(0), piece];
    this.#held.push(piece);
    return [];
  }
}
