import {styleText} from 'node:util';
import type {Person} from './cast.ts';

/** Where lines go, and how wide they may be. */
export interface Screen {
  readonly width: number;
  print(line?: string): void;
}

/** Something that happened in a call. */
export interface Happening {
  /** Seconds since the first call was placed. */
  readonly at: number;
  readonly who: Person;
  /** `interrupt`: the caller talks over the assistant. `kill`: a process is killed. `note`: neither speaks. */
  readonly kind: 'caller' | 'assistant' | 'interrupt' | 'kill' | 'note' | 'trouble';
  readonly text: string;
  /** A figure that belongs to it. */
  readonly figure?: string | undefined;
}

const WIDEST = 120;
const NARROWEST = 40;
/** On narrower terminals a sign instead of a word shows who speaks. */
const ROOMY = 64;
const NAME_WIDTH = 4;

const ROLES = {
  caller: {word: 'caller', sign: '>'},
  assistant: {word: 'assistant', sign: '<'},
  interrupt: {word: 'cuts in', sign: '!'},
  kill: {word: 'kill -9', sign: '#'},
  note: {word: '', sign: ' '},
  trouble: {word: 'trouble', sign: 'x'},
} as const;

export const dim = (text: string) => styleText('dim', text);
export const bold = (text: string) => styleText('bold', text);
export const good = (text: string) => styleText('green', text);
export const bad = (text: string) => styleText('red', text);

/** The width of the terminal; for a file or a pipe the value of COLUMNS, or 100. */
export function screenOn(out: NodeJS.WriteStream, columns: string | undefined): Screen {
  return {
    get width() {
      return Math.min(WIDEST, Math.max(NARROWEST, out.columns || Number(columns) || 100));
    },
    print: (line = '') => void out.write(`${line}\n`),
  };
}

/** Time, name, who speaks, what is said, and the figure: as many lines as it takes. */
export function happeningLines({at, who, kind, text, figure}: Happening, width: number): string[] {
  const time = at.toFixed(2).padStart(6);
  const role = width < ROOMY ? ROLES[kind].sign : ROLES[kind].word.padEnd(9);
  const indent = time.length + 2 + NAME_WIDTH + 2 + role.length + 2;
  const said = wrap(text, width - indent);
  const fits = figure !== undefined && (said.at(-1)?.length ?? 0) + 2 + figure.length <= width - indent;
  const lines = said.map((line, index) => {
    const beside = fits && index === said.length - 1 ? `  ${dim(figure)}` : '';
    return paint(kind, line) + beside;
  });
  if (figure !== undefined && !fits) lines.push(...wrap(figure, width - indent).map(dim));
  const name = styleText([who.color, 'bold'], who.name.padEnd(NAME_WIDTH));
  const head = `${dim(time)}  ${name}  ${paintRole(kind, role)}  `;
  return lines.map((line, index) => (index === 0 ? head : ' '.repeat(indent)) + line);
}

/** Breaks at spaces; a word that is too long stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function paint(kind: Happening['kind'], text: string): string {
  if (kind === 'note') return dim(text);
  if (kind === 'interrupt' || kind === 'kill') return bold(text);
  return kind === 'trouble' ? bad(text) : text;
}

function paintRole(kind: Happening['kind'], role: string): string {
  if (kind === 'interrupt' || kind === 'kill' || kind === 'trouble') return styleText(['red', 'bold'], role);
  return kind === 'assistant' ? good(role) : role;
}
