import {spawn} from 'node:child_process';
import {constants} from 'node:fs';
import {access, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {Recording} from './recordings.ts';

/** A program that plays a WAV file and ends when it is over. */
interface Player {
  readonly program: string;
  readonly args: readonly string[];
  /** What one installs to have it. */
  readonly from: string;
}

/** A sound server's own player comes first: it knows where the sound should go. */
const PLAYERS: readonly Player[] = [
  {program: 'afplay', args: [], from: 'macOS'},
  {program: 'paplay', args: [], from: 'pulseaudio-utils'},
  {program: 'pw-play', args: [], from: 'pipewire-bin'},
  {program: 'aplay', args: ['-q'], from: 'alsa-utils'},
  {program: 'ffplay', args: ['-nodisp', '-autoexit', '-loglevel', 'error'], from: 'ffmpeg'},
  {program: 'play', args: ['-q'], from: 'sox'},
];
const OTHERWISE = 'or keep the recordings as files: npm run demo -- --wav FOLDER';

/** The players of this machine, the best first. Throws a sentence that says what to install if there is none. */
export async function findPlayers(path = ''): Promise<readonly [Player, ...Player[]]> {
  const folders = path.split(delimiter).filter(folder => folder !== '');
  const isThere = async ({program}: Player) => {
    const looks = folders.map(folder => access(join(folder, program), constants.X_OK).then(() => true));
    return (await Promise.allSettled(looks)).some(({status}) => status === 'fulfilled');
  };
  const there = await Promise.all(PLAYERS.map(isThere));
  const [first, ...others] = PLAYERS.filter((_, index) => there[index]);
  if (first) return [first, ...others];
  const packages = PLAYERS.slice(1).map(({program, from}) => `${program} (${from})`);
  throw new CannotStart(
    `--play needs a program that plays sound, and there is none on the PATH: install one of ${packages.join(', ')}, ${OTHERWISE}`,
  );
}

/** Plays one recording after the other, and says which; a sentence says why if no player can. */
export async function playRecordings(
  recordings: readonly Recording[],
  players: readonly Player[],
  say: (line: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-play-'));
  let left = players;
  try {
    for (const {who, wav, lastsMs} of recordings) {
      const file = join(folder, `${who.name.toLowerCase()}.wav`);
      await writeFile(file, wav);
      say(
        `Playing ${who.name}’s call, ${(lastsMs / 1_000).toFixed(0)} s: ${who.name} on the left, the assistant on the right`,
      );
      const failures: string[] = [];
      for (const player of left) {
        const failure = await played(player, file);
        if (failure === undefined) break;
        failures.push(`${player.program} says: ${failure}`);
        left = left.slice(1);
      }
      if (left.length === 0) {
        say(
          `No sound could be played here (${failures.join('; ')}). Try it on a machine with a sound card, ${OTHERWISE}.`,
        );
        return;
      }
    }
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

/** Why this player could not play it; undefined if it did. */
async function played({program, args}: Player, file: string): Promise<string | undefined> {
  const child = spawn(program, [...args, file], {stdio: ['ignore', 'ignore', 'pipe']});
  let said = '';
  child.stderr.on('data', chunk => (said += String(chunk)));
  const stop = () => void child.kill();
  process.once('exit', stop);
  const code = await new Promise<number | string | null>(resolve => {
    child.once('error', ({message}) => resolve(message));
    child.once('close', resolve);
  });
  process.removeListener('exit', stop);
  if (code === 0) return undefined;
  const [line] = said.split('\n').filter(text => text.trim() !== '');
  return line?.trim() ?? (typeof code === 'string' ? code : `exit code ${code}`);
}
