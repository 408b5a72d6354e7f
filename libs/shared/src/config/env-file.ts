import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse, populate} from 'dotenv';
import {messageOf} from '../errors.ts';

/**
 * Adds to the environment what the `.env` of a folder says; what is set already stays. Returns why the file cannot be read
 * if it is there: whoever misses a setting has to know, and whoever misses none need not.
 */
export function loadEnvFile(env: NodeJS.ProcessEnv, folder = '.'): string | undefined {
  const path = env['DOTENV_CONFIG_PATH'] ?? join(folder, '.env');
  try {
    populate(env, parse(textOf(readFileSync(path))));
    return undefined;
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : messageOf(thrown);
    return code === 'ENOENT' ? undefined : `${path} is there, but cannot be read (${code})`;
  }
}

/** Some shells of Windows write UTF-16, which says so in its first two bytes. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}
