import {fileURLToPath} from 'node:url';
import {z} from 'zod';
import {secret} from '../config/config.ts';
import {FolderStore} from './folder-store.ts';
import type {RecordingStore} from './recording-store.ts';
import {S3Store} from './s3-store.ts';

/**
 * `file:///var/recordings`, or `s3://bucket/prefix` with `?endpoint=https://…` for a store that is not Amazon's and
 * `region=…`.
 */
const recordingsUrl = () =>
  z.string().superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== undefined) context.addIssue(problem);
  });

/** What every process that touches recordings reads from its environment. */
export const RECORDINGS_ENV = {
  RECORDINGS_URL: recordingsUrl()
    .optional()
    .describe(
      'where recordings are kept: file:///folder, or s3://bucket/prefix?region=…&endpoint=https://…; not set: no call is recorded',
    ),
  AWS_ACCESS_KEY_ID: secret().optional().describe('signs in to the bucket of RECORDINGS_URL'),
  AWS_SECRET_ACCESS_KEY: secret().optional().describe('signs in to the bucket of RECORDINGS_URL'),
};

/** The settings of `RECORDINGS_ENV` that are read. */
export interface RecordingsConfig {
  readonly RECORDINGS_URL?: string | undefined;
  readonly AWS_ACCESS_KEY_ID?: string | undefined;
  readonly AWS_SECRET_ACCESS_KEY?: string | undefined;
}

/** A bucket cannot be used without a key: for `refine` of a schema with `RECORDINGS_ENV`. */
export function hasBucketKey({RECORDINGS_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY}: RecordingsConfig): boolean {
  const isBucket = RECORDINGS_URL?.startsWith('s3:') === true;
  return !isBucket || (AWS_ACCESS_KEY_ID !== undefined && AWS_SECRET_ACCESS_KEY !== undefined);
}

/** What `refine` says where `hasBucketKey` says no. */
export const NO_BUCKET_KEY = {
  path: ['RECORDINGS_URL'],
  message: 'must have AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY beside it',
  when: () => true,
};

/** The store of recordings; undefined if none is configured. */
export function openRecordingStore(config: RecordingsConfig): RecordingStore | undefined {
  if (config.RECORDINGS_URL === undefined) return undefined;
  const url = new URL(config.RECORDINGS_URL);
  if (url.protocol === 'file:') return new FolderStore(fileURLToPath(url));
  const region = url.searchParams.get('region') ?? 'us-east-1';
  const endpoint = url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`;
  const folder = url.pathname.replace(/^\/+|\/+$/g, '');
  return new S3Store({
    endpoint: `${endpoint.replace(/\/+$/, '')}/${url.hostname}`,
    region,
    prefix: folder === '' ? '' : `${folder}/`,
    accessKeyId: config.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: config.AWS_SECRET_ACCESS_KEY ?? '',
  });
}

function problemOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol === 'file:') {
    if (url.hostname !== '') return 'must name a folder of this machine, with three slashes: file:///var/recordings';
    return url.search === '' && url.hash === '' ? undefined : 'must end with the folder';
  }
  if (url?.protocol !== 's3:') return 'must start with file:/// or s3://';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname)) return 'must name a bucket, as in s3://bucket/prefix';
  if (url.username !== '') return 'must not hold a key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  const unknown = [...url.searchParams.keys()].find(name => name !== 'region' && name !== 'endpoint');
  if (unknown !== undefined) return 'must have no other settings than region and endpoint';
  const endpoint = url.searchParams.get('endpoint');
  if (endpoint !== null && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    return 'has an endpoint that is no https:// URL';
  return undefined;
}
