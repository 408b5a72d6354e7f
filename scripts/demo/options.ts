import {parseArgs} from 'node:util';

export interface DemoOptions {
  /** Leaves everything running afterwards. */
  readonly keep: boolean;
  /** A folder for what was said and heard, as WAV files. */
  readonly wav: string | undefined;
  readonly help: boolean;
}

export const USAGE = `npm run demo                  three calls through every process, on this machine alone
npm run demo -- --keep        leaves it all running, with addresses to look at, until Ctrl-C
npm run demo -- --wav DIR     saves each call as a WAV file: the caller left, the assistant right`;

/** Reads the command line. Throws a `TypeError` that says what is wrong with it. */
export function readOptions(args: readonly string[]): DemoOptions {
  const {values} = parseArgs({
    args: [...args],
    options: {
      keep: {type: 'boolean', default: false},
      wav: {type: 'string'},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  return {keep: values.keep, wav: values.wav, help: values.help};
}
