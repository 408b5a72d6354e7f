/** `npm run secrets`: writes what docker-compose.yml needs and must not be known to others into ./secrets. */
import {randomInt} from 'node:crypto';
import {chmod, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {loadEnvFile} from '@voicebridge/shared/config/env-file.ts';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';
import {emptySecrets, missingSecrets} from './secret-files.ts';

const {folder} = commandLine({
  command: 'npm run secrets --',
  about:
    'Generates the passwords for docker-compose.yml, and copies the keys that are set in the environment or in .env.\nFiles that exist are never changed.',
  options: z.object({folder: z.string().default('secrets').describe('where the files are')}),
});

const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** More than 180 bits. */
const password = () => Array.from({length: 32}, () => LETTERS[randomInt(LETTERS.length)]).join('');

loadEnvFile(process.env);
// The folder keeps others out. The files themselves must be readable for the users that containers run as.
await mkdir(folder, {recursive: true});
await chmod(folder, 0o700);
const names = (await readdir(folder, {withFileTypes: true})).flatMap(each => (each.isFile() ? [each.name] : []));
const there = new Map<string, string>();
for (const name of names) there.set(name, await readFile(join(folder, name), 'utf8'));
const missing = missingSecrets(there, process.env, password);
for (const [name, text] of missing) await writeFile(join(folder, name), text, {mode: 0o644, flag: 'wx'});
console.log(missing.size > 0 ? `${folder}: wrote ${[...missing.keys()].join(', ')}` : `${folder}: nothing was missing`);
for (const line of emptySecrets(new Map([...there, ...missing]))) console.log(`still to be filled: ${folder}/${line}`);
