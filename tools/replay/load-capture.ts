import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {constants, gunzipSync} from 'node:zlib';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {CannotReplay, type RecordedCall, recordedCall} from './recorded-call.ts';

/**
 * The call in these files. Of a file as the product names it, `CALLSID.edge-….jsonl` or `….jsonl.gz`, the others of the same call in the same folder are
 * read, too.
 */
export function loadCapture(files: readonly string[]): RecordedCall {
  const all = new Set(files.flatMap(file => [file, ...othersOf(file)]));
  return recordedCall([...all].flatMap(file => readCapture(textOf(file), basename(file))));
}

function othersOf(file: string): string[] {
  const [, callSid] = /^([\w-]+)\.(?:edge|worker)-[0-9a-f]+(?:\.\d+)?\.jsonl(?:\.gz)?$/.exec(basename(file)) ?? [];
  if (callSid === undefined || !existsSync(dirname(file))) return [];
  const names = readdirSync(dirname(file));
  return names.filter(name => name.startsWith(`${callSid}.`)).map(name => join(dirname(file), name));
}

/** Of a compressed file that was cut, what can be read. */
const WHAT_IS_THERE = {finishFlush: constants.Z_SYNC_FLUSH};

/** Whatever a file is called. */
function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (isGzip(bytes) ? gunzipSync(bytes, WHAT_IS_THERE) : bytes).toString('utf8');
  } catch (thrown) {
    const {code} = thrown as {readonly code?: string};
    if (code === 'ENOENT') throw new CannotReplay(`there is no file ${file}`);
    if (code === 'EISDIR') throw new CannotReplay(`${file} is a folder: give the files of one call that are in it`);
    throw new CannotReplay(`${file} cannot be read: ${messageOf(thrown)}`);
  }
}
