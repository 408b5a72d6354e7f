import {randomBytes, scrypt, timingSafeEqual} from 'node:crypto';

/** N = 2^15, r = 8: 32 MB and some 60 ms for each guess. */
const COST = {N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024};

/** A password, kept only as a salted hash. */
export class Password {
  readonly #salt: Buffer;
  readonly #hash: Buffer;

  private constructor(salt: Buffer, hash: Buffer) {
    this.#salt = salt;
    this.#hash = hash;
  }

  static async of(text: string): Promise<Password> {
    const salt = randomBytes(16);
    return new Password(salt, await hash(text, salt));
  }

  async matches(text: string): Promise<boolean> {
    return timingSafeEqual(await hash(text, this.#salt), this.#hash);
  }
}

async function hash(text: string, salt: Buffer): Promise<Buffer> {
  const {promise, resolve, reject} = Promise.withResolvers<Buffer>();
  scrypt(text, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  return await promise;
}
