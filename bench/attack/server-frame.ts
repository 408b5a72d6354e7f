/** A WebSocket frame of a server. `length`: what its header claims, if that is not true. `first`: its first byte. */
export function serverFrame(
  opcode: number,
  body: Buffer,
  {last = true, length = body.length, first = 0}: {last?: boolean; length?: number; first?: number} = {},
): Buffer {
  const kind = first === 0 ? (last ? 0x80 : 0) | opcode : first;
  if (length < 126) return Buffer.concat([Buffer.from([kind, length]), body]);
  const head = Buffer.alloc(10);
  head[0] = kind;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, body]);
}

/** An event as a whole text message. */
export function textFrame(event: object | string): Buffer {
  return serverFrame(1, Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)));
}
