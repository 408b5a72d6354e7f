/** What a socket is closed with. Without it the connection is cut, because the peer cannot be reached. */
export interface Closing {
  /** A WebSocket close code. */
  readonly code: number;
  readonly reason: string;
}

/** A close frame holds 123 bytes of reason. */
export function closeReasonOf(text: string): string {
  return Buffer.from(text).subarray(0, 123).toString('ascii');
}
