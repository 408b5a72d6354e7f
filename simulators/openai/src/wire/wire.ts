/** What a session needs of a connection. */
export interface Wire {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Ends the TCP connection with a reset, without a close frame. */
  reset(): void;
  /** Half-open: reads nothing and sends nothing, but stays connected. */
  freeze(): void;
  /** Sends what was held back, reads what has waited. */
  thaw(): void;
}
