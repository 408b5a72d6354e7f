import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
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

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (thrown) {
    throw new CannotReplay(`${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
