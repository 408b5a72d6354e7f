import {spawn} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {lockFolder} from './folder-lock.ts';
import {temporaryFolder} from '../testing/running-analytics.ts';

test('a second process on one folder is refused with a message that says what to do', async () => {
  await using folder = await temporaryFolder();
  {
    await using _lock = await lockFolder(folder.path);
    await expect(lockFolder(folder.path)).rejects.toMatchObject({
      name: 'CannotStart',
      message: expect.stringMatching(new RegExp(`process ${process.pid}.*DATA_DIR.*DATABASE_URL`)),
    });
  }
  await using _again = await lockFolder(folder.path);
});

test('the folder of a process that was killed is taken over', async () => {
  await using folder = await temporaryFolder();
  const dead = spawn(process.execPath, ['-e', '']);
  await new Promise(resolve => dead.once('exit', resolve));
  await mkdir(folder.path, {recursive: true});
  await writeFile(join(folder.path, 'owner.pid'), `${dead.pid} 12345`);
  await using _lock = await lockFolder(folder.path);
});

test.runIf(process.platform === 'linux')(
  'a new process that has the reused process id of the owner does not lock the folder',
  async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'owner.pid'), `${process.ppid} 1`);
    await using _lock = await lockFolder(folder.path);
  },
);

test('a lock file that a killed process left half written does not lock the folder for ever', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'owner.pid'), '');
  await using _lock = await lockFolder(folder.path);
});
