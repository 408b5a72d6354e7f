import type {RawData} from 'ws';

/** The length of a message as the library gives it, in bytes. */
export function lengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, {byteLength}) => sum + byteLength, 0) : data.byteLength;
}

/** Its text. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8');
}
