/** One object of a store. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Where recordings are kept: a folder, or a bucket of an S3-compatible store. Keys are paths with `/`. Every method rejects
 * if the store cannot be used; the messages of its errors hold no secret.
 */
export interface RecordingStore {
  /** Stores an object. One with the same key is replaced. */
  put(key: string, body: Buffer): Promise<void>;
  /** The bytes of an object from `from` up to, but not including, `to`; undefined if there is no such object. */
  read(key: string, from: number, to: number): Promise<Buffer | undefined>;
  /** The objects whose keys begin with `prefix`, by key. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** Removes objects. One that is not there is no error. */
  remove(keys: readonly string[]): Promise<void>;
}
