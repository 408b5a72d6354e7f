import type {S3mini} from 's3mini';
import {boundedBytes, TooLong} from '../protocol/bounded-body.ts';
import {codeIn} from '../protocol/code-in.ts';
import {bounded, type Fetch, TOO_MUCH} from './bounded-answers.ts';
import type {RecordingStore, StoredObject} from './recording-store.ts';

/** A bucket, and how to sign in to it. */
export interface Bucket {
  /** The URL of the bucket itself, such as `https://s3.eu-north-1.amazonaws.com/recordings`. */
  readonly endpoint: string;
  readonly region: string;
  /** Stands in front of every key; empty, or ends in `/`. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A store that does not answer for so long counts as away, in milliseconds. */
const ANSWERS_WITHIN = 10_000;
/** What it may answer to anything but a list or a read, in bytes: an error in a few words. */
const ANSWER_AT_MOST = 65_536;
/** What the pages of one list may have in all. A page has a thousand objects of about 350 bytes each. */
const LIST_AT_MOST = {answers: 200, bytes: 67_108_864};

/** Recordings in a bucket of an S3-compatible store. The client is loaded when the first object is asked for. */
export class S3Store implements RecordingStore {
  readonly #bucket: Bucket;
  #client: Promise<S3mini> | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, body: Buffer): Promise<void> {
    const client = await this.#opened();
    await told(client.putObject(this.#bucket.prefix + key, body));
  }

  async read(key: string, from: number, to: number): Promise<Buffer | undefined> {
    const client = await this.#opened();
    if (to <= from) return Buffer.alloc(0);
    const asked = client.getObjectRaw(this.#bucket.prefix + key, false, from, to);
    const answer = await told(asked.catch(ofStatus));
    if (answer === NOT_THERE) return undefined;
    if (answer === TOO_SHORT) return Buffer.alloc(0);
    return await told(boundedBytes(answer, to - from));
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    // A store that is not well may say for ever that there is more: the pages are counted, by a client for this list alone.
    const client = await this.#open(bounded(LIST_AT_MOST));
    const {prefix: ours} = this.#bucket;
    const objects = (await told(client.listObjects('/', ours + prefix, undefined, {}))) ?? [];
    return objects
      .map(({Key, Size}) => ({key: Key.slice(ours.length), bytes: Size}))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async remove(keys: readonly string[]): Promise<void> {
    const client = await this.#opened();
    for (const key of keys) await told(client.deleteObject(this.#bucket.prefix + key));
  }

  async #opened(): Promise<S3mini> {
    this.#client ??= this.#open((input, init) => bounded({answers: 1, bytes: ANSWER_AT_MOST})(input, init));
    return await this.#client;
  }

  async #open(fetch: Fetch): Promise<S3mini> {
    const {endpoint, region, accessKeyId, secretAccessKey} = this.#bucket;
    const {S3mini} = await import('s3mini');
    return new S3mini({endpoint, region, accessKeyId, secretAccessKey, requestAbortTimeout: ANSWERS_WITHIN, fetch});
  }
}

const NOT_THERE = 404;
/** The object is shorter than where reading begins. */
const TOO_SHORT = 416;

/** The status that an answer was refused for, if it is one of the two that mean something here. */
function ofStatus(thrown: unknown): typeof NOT_THERE | typeof TOO_SHORT {
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
  if (status === NOT_THERE || status === TOO_SHORT) return status;
  throw thrown;
}

async function told<Value>(promise: Promise<Value>): Promise<Value> {
  const outcome = await promise.then(
    value => ({value}),
    (thrown: unknown) => ({why: whyOf(thrown)}),
  );
  if ('value' in outcome) return outcome.value;
  throw new Error(`the store of the recordings: ${outcome.why}`);
}

/** The client has the status and the code in the text of some of its errors, with the words of the store behind them. */
const REFUSED = /status (?<status>\d{3}): (?<code>[^\s,]*)/;

/**
 * What went wrong, as it may be logged: a status and a code. The errors of the client carry requests, and the words of a store may
 * repeat a key or anything else.
 */
function whyOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown error';
  if (thrown instanceof TooLong || thrown.message === TOO_MUCH) return TOO_MUCH;
  if (thrown.name === 'TimeoutError' || thrown.name === 'AbortError')
    return `it does not answer within ${ANSWERS_WITHIN / 1_000} s`;
  const text = REFUSED.exec(thrown.message)?.groups;
  const status = 'status' in thrown && typeof thrown.status === 'number' ? thrown.status : text?.['status'];
  const code = codeIn(fieldOf(thrown, 'serviceCode') ?? text?.['code'] ?? codeOf(thrown));
  if (status !== undefined) return `it answers ${status}${code === undefined ? '' : ` (${code})`}`;
  return code === undefined ? 'the connection failed' : `the connection failed: ${code}`;
}

/** The code of an error, or of the one that caused it. */
function codeOf(error: Error): string | undefined {
  return fieldOf(error, 'code') ?? (error.cause instanceof Error ? fieldOf(error.cause, 'code') : undefined);
}

function fieldOf(error: Error, name: 'code' | 'serviceCode'): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
