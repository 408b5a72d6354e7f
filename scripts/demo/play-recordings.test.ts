import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {cast} from './cast.ts';
import {findPlayers, playRecordings} from './play-recordings.ts';

const recordings = cast.slice(0, 2).map(who => ({who, wav: Buffer.from(who.name), lastsMs: 18_200, missingMs: 0}));

describe('a newcomer who wants to hear the calls', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'play-test-'));
    path = [join(folder, 'missing'), join(folder, 'bin')].join(delimiter);
    mkdirSync(join(folder, 'bin'));
  });
  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  /** A player that does this in a shell; its last argument is the file. */
  const install = (program: string, does: string) => {
    const file = join(folder, 'bin', program);
    writeFileSync(file, `#!/bin/sh\nfor file; do :; done\n${does}\n`);
    chmodSync(file, 0o755);
  };
  const installWorking = (program: string) => install(program, `cat "$file" >> ${folder}/${program}.heard`);
  const heard = (program: string) => readFileSync(join(folder, `${program}.heard`), 'utf8');
  const play = async () => {
    const said: string[] = [];
    const players = (await findPlayers(path)).map(player => ({
      ...player,
      program: join(folder, 'bin', player.program),
    }));
    await playRecordings(recordings, players, line => said.push(line));
    return said;
  };

  test('hears each of them by the player of the sound server', async () => {
    for (const program of ['play', 'paplay', 'aplay']) installWorking(program);
    expect(await play()).toEqual([
      'Playing Ada’s call, 18 s: Ada on the left, the assistant on the right',
      'Playing Ben’s call, 18 s: Ben on the left, the assistant on the right',
    ]);
    expect(heard('paplay')).toBe('AdaBen');
    expect(() => heard('aplay')).toThrow('ENOENT');
  });

  test('hears them by another player if the first one cannot play', async () => {
    install('paplay', 'echo "Connection refused" >&2; exit 1');
    installWorking('aplay');
    expect(await play()).toHaveLength(2);
    expect(heard('aplay')).toBe('AdaBen');
  });

  test('reads why, where no player can play', async () => {
    install('aplay', 'echo "audio open error: No such device" >&2; exit 1');
    expect((await play()).at(-1)).toMatch(
      /^No sound could be played here \(.*aplay says: audio open error: No such device\)\. .*--wav FOLDER\.$/,
    );
  });

  test('reads what to install where there is no player, before any call', async () => {
    await expect(findPlayers(path)).rejects.toThrow(/install one of paplay \(pulseaudio-utils\), .*--wav FOLDER$/);
  });
});
