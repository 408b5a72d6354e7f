import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readdir, rm, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The sources of another version of this project, in a temporary folder. */
export interface PreviousVersion extends AsyncDisposable {
  readonly root: string;
}

/**
 * Writes the sources of a commit into a temporary folder, with the packages that are installed here. Resolves with
 * undefined where the history does not go back to that commit: in a shallow clone, or without git.
 */
export async function previousVersion(commit: string): Promise<PreviousVersion | undefined> {
  const isKnown = await run('git', ['cat-file', '-e', `${commit}^{commit}`], {cwd: ROOT}).then(
    () => true,
    () => false,
  );
  if (!isKnown) return undefined;
  const root = await mkdtemp(join(tmpdir(), 'voicebridge-previous-'));
  await run('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', commit, root], {cwd: ROOT});
  // Our own packages are linked inside of node_modules: these must lead to the sources of that version.
  const modules = join(root, 'node_modules');
  await mkdir(join(modules, '@voicebridge'), {recursive: true});
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@voicebridge') await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const name of await readdir(join(root, 'services')))
    await symlink(join(root, 'services', name), join(modules, '@voicebridge', name));
  await symlink(join(root, 'libs/shared'), join(modules, '@voicebridge/shared'));
  return {root, [Symbol.asyncDispose]: () => rm(root, {recursive: true, force: true})};
}
