import {createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes} from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Hides texts of one place (a call) from whoever can read Redis and does not know the fleet key, and finds out whether one
 * was changed or brought here from another place.
 *
 *   sealed, in base64:  nonce, 12 bytes │ text, AES-256-GCM │ tag, 16 bytes
 *
 * Each place has a key of its own, derived from the fleet key by HKDF-SHA-256. So a place would need some billions of texts
 * before two random nonces are the same.
 */
export class TextSeal {
  readonly #keys: readonly string[];
  readonly #place: string;
  readonly #isOn: boolean;
  /** Derived when they are needed, in the order of the keys. As bytes they would be made into keys for each text: 20 µs. */
  readonly #derived: KeyObject[] = [];

  /** `keys`: the first seals, each of them opens. `isOn`: whether anything is sealed. */
  constructor(keys: readonly string[], {place, isOn}: {readonly place: string; readonly isOn: boolean}) {
    this.#keys = keys;
    this.#place = place;
    this.#isOn = isOn && keys.length > 0;
  }

  /** Undefined: nothing is sealed, because there is no key that all have. */
  seal(text: string): string | undefined {
    if (!this.#isOn) return undefined;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key(0), nonce, {authTagLength: TAG_BYTES});
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64');
  }

  /** Undefined: none of our keys has sealed this here. */
  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    for (const place of this.#keys.keys()) {
      try {
        const options = {authTagLength: TAG_BYTES};
        const decipher = createDecipheriv(CIPHER, this.#key(place), bytes.subarray(0, NONCE_BYTES), options);
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        // Another key may have sealed it.
      }
    }
    return undefined;
  }

  #key(index: number): KeyObject {
    const known = this.#derived[index];
    if (known) return known;
    const bytes = hkdfSync('sha256', this.#keys[index] ?? '', this.#place, 'voicebridge text', KEY_BYTES);
    const derived = createSecretKey(Buffer.from(bytes));
    this.#derived[index] = derived;
    return derived;
  }
}
