/** A frame of the caller's audio in which nobody speaks: 20 ms of μ-law in base64. */
export const QUIET = Buffer.alloc(160, 0xff).toString('base64');

/** A frame in which the caller speaks: a square wave, loud enough for any threshold. */
export const LOUD = Buffer.from(Array.from({length: 160}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90))).toString(
  'base64',
);
