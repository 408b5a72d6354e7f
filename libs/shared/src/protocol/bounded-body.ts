/** An answer is longer than what was asked for can be. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

/** The body of an answer. Rejects with `TooLong`, and reads no more, if it has more bytes: a broken server may send for ever. */
export async function boundedBytes({body}: Response, bytesAtMost: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.byteLength;
    if (bytes > bytesAtMost) throw new TooLong(`the answer has more than ${bytesAtMost} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The same as a text. */
export async function boundedText(answer: Response, bytesAtMost: number): Promise<string> {
  return (await boundedBytes(answer, bytesAtMost)).toString('utf8');
}
