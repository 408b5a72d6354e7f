/** Writes the file of a new assistant, with its prompt and a caller who tries it: `npm run new -- reception`. */
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {newAssistant} from './new-assistant/files.ts';

const HELP = `Writes a new assistant: its file, its prompt, and a caller who tries it (npm run rehearse).

  npm run new -- NAME [NUMBER]

  NAME    letters, digits, - and _, such as reception
  NUMBER  the number it answers, such as +4722334455; all that no other assistant answers, if not given

The files are written into ASSISTANTS_DIR, or assistants if that is not set. Files that exist are never changed.`;

const [name = '', number] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  console.log(HELP);
  process.exit(0);
}
const folder = process.env['ASSISTANTS_DIR'] ?? 'assistants';
const files = newAssistant(name, number);
if ('problem' in files) {
  console.error(files.problem);
  process.exitCode = 1;
} else {
  const taken = Object.keys(files).filter(file => existsSync(join(folder, file)));
  if (taken.length > 0) {
    console.error(`${taken.map(file => join(folder, file)).join(' and ')} exist already: choose another name`);
    process.exitCode = 1;
  } else {
    mkdirSync(folder, {recursive: true});
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    const written = Object.keys(files).map(file => relative('.', join(folder, file)));
    console.log(
      [
        `wrote ${new Intl.ListFormat('en').format(written)}`,
        `next: npm run rehearse -- --only ${name}   (a simulated caller tries it; no account is needed)`,
        'then: npm start   (or, with it running already: call; the new file answers within two seconds)',
      ].join('\n'),
    );
  }
}
