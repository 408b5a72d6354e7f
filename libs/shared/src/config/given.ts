import {readFileSync, statSync} from 'node:fs';
import {isAbsolute} from 'node:path';

/** An environment: names to text, as Node and dotenv give it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A problem with one variable. Never holds its value. */
export interface Problem {
  readonly name: string;
  /** `must be on or off` */
  readonly what: string;
  /** What the variable is for. */
  readonly about: string;
}

/** What an environment says, with the contents of the files that it names. */
export interface Given {
  /** What is set, without blanks and line breaks around it. */
  readonly values: Readonly<Record<string, string>>;
  /** The files that values were read from, by the name of the variable. */
  readonly files: ReadonlyMap<string, string>;
  /** The files that gave nothing, by the name of the variable that they were for. */
  readonly unread: ReadonlyMap<string, Problem>;
}

/** More than any key, certificate or system message. */
const LARGEST_FILE = 256 * 1_024;
const ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'which does not exist',
  EACCES: 'which this user may not read',
  EPERM: 'which this user may not read',
};

/**
 * Every variable `X` of `names` may also be given as `X_FILE`, the path of a file with its value, as secrets of Docker and
 * Kubernetes are. Blanks and line breaks around a value are removed; an empty one counts as not set.
 */
export function readGiven(env: Env, names: readonly string[]): Given {
  const values = setIn(env);
  const files = new Map<string, string>();
  const unread = new Map<string, Problem>();
  for (const name of names) {
    const variable = `${name}_FILE`;
    const path = values[variable];
    if (path === undefined) continue;
    delete values[variable];
    const found = name in values ? {problem: `and ${name} are both set: leave one of them out`} : contentOf(path);
    if ('problem' in found) {
      unread.set(name, {name: variable, what: found.problem, about: ''});
      continue;
    }
    files.set(name, path);
    values[name] = found.content;
  }
  return {values, files, unread};
}

/** The variables that are set, without blanks and line breaks around their values. */
export function setIn(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
}

/** The problem, with the file that the value came from. */
export function withFile(problem: Problem, {files}: Pick<Given, 'files'>): Problem {
  const file = files.get(problem.name);
  return file === undefined ? problem : {...problem, what: `${problem.what}, in ${file}`};
}

function contentOf(path: string): {readonly content: string} | {readonly problem: string} {
  // A key that was put here by mistake is no path, and is not printed.
  if (!isAbsolute(path) && !/^\.{1,2}[\\/]/.test(path)) return {problem: 'must be a path that begins with / or ./'};
  const problem = (which: string) => ({problem: `names ${path}, ${which}`});
  try {
    const status = statSync(path);
    if (!status.isFile()) return problem('which is no file');
    if (status.size > LARGEST_FILE) return problem('which is too large to be a value');
    const content = readFileSync(path, 'utf8').trim();
    return content === '' ? problem('which is empty') : {content};
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    return problem(ERRORS[code] ?? `which cannot be read (${code})`);
  }
}
